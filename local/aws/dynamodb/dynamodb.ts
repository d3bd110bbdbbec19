import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { region } from '../identity.ts';
import type { JsonObject } from '../template.ts';

/* The embedded DynamoDB: dynoxide, one static binary, given the tables of the template. */

/** @returns the binary's file, or undefined where npm has installed none (it is an optional dependency) */
export function dynoxideFile(): string | undefined {
  const given = process.env.DYNOXIDE;
  if (given) return existsSync(given) ? given : undefined;
  try {
    return createRequire(import.meta.url).resolve('@dynoxide/linux-x64/dynoxide');
  } catch {
    return undefined;
  }
}

/** A refusal of the table engine. */
export class DynamoDbError extends Error {
  override readonly name = 'DynamoDbError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The headers of a request to the engine. Whoever asks, it is asked in one name: an engine may keep the tables of each
 * access key apart.
 * @param target `X-Amz-Target`
 */
export function engineHeaders(target: string): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  return {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': target,
    'x-amz-date': date,
    // dynoxide wants a signature to be there and checks none.
    authorization: `AWS4-HMAC-SHA256 Credential=local/${date.slice(0, 8)}/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
  };
}

/**
 * One call over the wire, without the SDK: it would cost the start of the whole run 150 ms.
 * @throws DynamoDbError, or the error of fetch where nobody listens
 */
export async function callDynamoDb(
  endpoint: string,
  operation: string,
  request: JsonObject,
): Promise<JsonObject> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: engineHeaders(`DynamoDB_20120810.${operation}`),
    body: JSON.stringify(request),
  });
  const answer = (await response.json()) as JsonObject;
  if (response.ok) return answer;
  const type = String(answer.__type ?? 'Unknown');
  throw new DynamoDbError(
    type.slice(type.indexOf('#') + 1),
    String(answer.message ?? answer.Message ?? type),
  );
}

/**
 * @param port free TCP port on loopback; the engine cannot be told 0
 * @param file SQLite file, or undefined for tables in memory
 * @returns the engine's arguments
 */
export function dynoxideArguments(port: number, file: string | undefined): string[] {
  return ['--host', '127.0.0.1', '--port', String(port), ...(file ? ['--db-path', file] : [])];
}

/**
 * Waits until the engine answers.
 * @throws Error when `signal` ends the wait
 */
export async function untilDynamoDbAnswers(endpoint: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await callDynamoDb(endpoint, 'ListTables', {});
      return;
    } catch (error) {
      if (error instanceof DynamoDbError) throw error;
      await delay(5);
    }
  }
}
