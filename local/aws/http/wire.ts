import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '../template.ts';
import { AwsError } from './errors.ts';

/* Requests in and answers out, in the JSON protocols of AWS. */

/** @throws AwsError RequestTooLargeException */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      reject(new AwsError('RequestTooLargeException', `Request must be smaller than ${maxBytes} bytes`, 413));
      incoming.destroy();
    } else {
      chunks.push(chunk);
    }
  });
  incoming.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  incoming.on('error', reject);
  return promise;
}

/** @throws AwsError InvalidRequestContentException */
export function parseJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new AwsError('InvalidRequestContentException', (error as Error).message);
  }
}

/** @throws AwsError InvalidRequestContentException, SerializationException */
export function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AwsError('SerializationException', 'expected a JSON object');
  }
  return value as JsonObject;
}

export function answer(
  outgoing: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
): void {
  outgoing.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
}

export function answerJson(outgoing: ServerResponse, status: number, body: object): void {
  answer(outgoing, status, 'application/x-amz-json-1.1', JSON.stringify(body));
}

/** @returns what a service says of an error, whatever it is */
export const awsErrorOf = (error: unknown): AwsError =>
  error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500);

export function refuse(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const { code, message, status } = awsErrorOf(error);
  outgoing.setHeader('x-amzn-errortype', code);
  answerJson(outgoing, status, { __type: code, message, Message: message, Type: 'User' });
}
