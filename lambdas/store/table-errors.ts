import { TableUnavailable } from '../domain/errors.ts';

/** What the SDK names the failures that may pass by themselves (DynamoDB developer guide, "Error handling"). */
const unavailableNames = new Set([
  'InternalServerError',
  'InternalServerErrorException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'ThrottlingException',
  'TimeoutError',
]);

/** Reasons of a cancelled transaction that say the same. */
const unavailableReasons = new Set(['ProvisionedThroughputExceeded', 'ThrottlingError']);

const networkCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * @returns a `TableUnavailable` with the SDK's error as its cause where the table is throttled, failing or out of
 * reach; else the error itself, which is a defect (a wrong expression, a missing permission)
 */
export function tableError(error: unknown): unknown {
  if (!(error instanceof Error) || !isUnavailable(error)) return error;
  return new TableUnavailable(`${error.name}: ${error.message}`, { cause: error });
}

function isUnavailable(error: Error): boolean {
  const { code, $metadata } = error as { code?: string; $metadata?: { httpStatusCode?: number } };
  return (
    unavailableNames.has(error.name) ||
    (code !== undefined && networkCodes.has(code)) ||
    ($metadata?.httpStatusCode ?? 0) >= 500
  );
}

/** @param code of a cancelled transaction's reason */
export function isUnavailableReason(code: string | undefined): boolean {
  return code !== undefined && unavailableReasons.has(code);
}
