import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { AwsError } from '../http/errors.ts';
import { parseJson } from '../http/wire.ts';
import { type LambdaFunctions, maxPayloadBytes } from './functions.ts';

/** Lambda Invoke (API_Invoke). The hot path: text in, text out, parsed by nobody between. */
export async function invokeByRequest(
  functions: LambdaFunctions,
  name: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
  outgoing: ServerResponse,
): Promise<void> {
  const payload = body.toString();
  const type = headers['x-amz-invocation-type'] ?? 'RequestResponse';
  const limit = type === 'Event' ? maxPayloadBytes.async : maxPayloadBytes.sync;
  if (payload.length > limit) {
    throw new AwsError('RequestTooLargeException', `Request must be smaller than ${limit} bytes`, 413);
  }
  if (type === 'Event') {
    parseJson(payload);
    functions.invokeAsync(name, payload);
    outgoing.writeHead(202, { 'x-amzn-requestid': randomUUID() }).end();
    return;
  }
  const result = await functions.invoke(name, payload);
  if (result.kind === 'not-json') throw new AwsError('InvalidRequestContentException', result.message);
  const failed = result.kind === 'failed';
  const answer = failed ? JSON.stringify(result.failure) : result.payload;
  outgoing.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(answer),
    'x-amz-executed-version': '$LATEST',
    ...(failed && { 'x-amz-function-error': 'Unhandled' }),
  });
  outgoing.end(answer);
}
