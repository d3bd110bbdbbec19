/** An error as an AWS service answers it: the SDK makes a typed exception out of its code. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** Exception name, e.g. `ResourceNotFoundException`. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The template asks for what the local cloud does not have. Said when it is provisioned, never skipped. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
  /** The resource that asks for it, where one does. */
  readonly logicalId: string | undefined;

  constructor(message: string, logicalId?: string) {
    super(message);
    this.logicalId = logicalId;
  }
}

/**
 * Does something for a resource, so that what is not supported or not found there names it.
 * @throws UnsupportedError with the resource, and whatever else `work` throws
 */
export function blaming<T>(logicalId: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UnsupportedError || error instanceof AwsError)) throw error;
    if (error instanceof UnsupportedError && error.logicalId !== undefined) throw error;
    throw new UnsupportedError(error.message, logicalId);
  }
}
