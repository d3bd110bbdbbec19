import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { putProtection } from './ecs/agent.ts';
import { AwsError } from './errors.ts';
import { neededFor, neededToInvoke, type StackLookup } from './iam/needed.ts';
import { accessKeyIn } from './iam/permissions.ts';
import type { Needed } from './iam/policy.ts';
import { arn } from './identity.ts';
import { functionNameOf } from './lambda/function-name.ts';
import { type LambdaFunctions, maxPayloadBytes } from './lambda/functions.ts';
import type { PassThrough } from './pass-through.ts';
import type { JsonObject } from './template.ts';

/** An operation of a service that speaks JSON with `X-Amz-Target`. */
export type Operation = (request: JsonObject, requestBytes: number) => object;

export interface Services {
  functions: LambdaFunctions;
  /** By `X-Amz-Target`, e.g. `AWSEvents.PutEvents`. */
  operations: Readonly<Record<string, Operation>>;
  /** @returns the answer to a GET of this path, or undefined */
  get: (path: string) => JsonObject | undefined;
  /** The table engine: what may be asked of it is passed on. */
  dynamoDb: PassThrough;
  /** What a request names by less than what its permission needs. */
  lookup: StackLookup;
  /** Throws where the bearer of this access key id may not do what the request asks. */
  authorize: (accessKeyId: string | undefined, needed: Needed) => void;
}

const invocationPath = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const maxBodyBytes = maxPayloadBytes.sync + 1024;

/** The one address of the local cloud, for the AWS SDK as `AWS_ENDPOINT_URL`. */
export class Endpoint {
  /** The URL to reach it by. */
  readonly url: string;
  readonly #server: Server;
  #services: Services | undefined;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.#serve(incoming, outgoing).catch((error: unknown) => refuse(outgoing, error));
    });
  }

  /**
   * Opens the port. What listens there is known before the services are made, since they are told of it.
   * @param port 0 takes a free one
   * @throws the error of `listen`, such as EADDRINUSE
   */
  static async open(host: string, port: number): Promise<Endpoint> {
    const server = createServer({ keepAliveTimeout: 0 });
    server.listen(port, host);
    await once(server, 'listening');
    const address = server.address() as AddressInfo;
    return new Endpoint(server, `http://${host}:${address.port}`);
  }

  serve(services: Services): void {
    this.#services = services;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const services = this.#services;
    if (!services) throw new AwsError('ServiceUnavailable', 'the local cloud is starting', 503);
    const url = incoming.url ?? '/';
    if (incoming.method === 'GET') {
      const found = services.get(url);
      if (!found) throw new AwsError('NotFound', `nothing at ${url}`, 404);
      answerJson(outgoing, 200, found);
      return;
    }
    if (incoming.method === 'PUT') {
      const asked = parseObject((await readBody(incoming)).toString());
      const answer = putProtection(url, asked, services.authorize);
      if (!answer) throw new AwsError('NotFound', `nothing at ${url}`, 404);
      answerJson(outgoing, 200, answer);
      return;
    }
    const accessKeyId = accessKeyIn(incoming.headers.authorization);
    const invocation = invocationPath.exec(url.split('?')[0] as string);
    if (invocation) {
      const name = decodeURIComponent(invocation[1] as string);
      services.authorize(accessKeyId, neededToInvoke(arn('lambda', `function:${functionNameOf(name)}`)));
      await invoke(services.functions, name, incoming, outgoing);
      return;
    }
    const target = String(incoming.headers['x-amz-target'] ?? url);
    const operation = services.operations[target];
    const isTable = target.startsWith('DynamoDB_');
    if (!operation && !isTable) {
      throw new AwsError('UnknownOperationException', `the local cloud does not know ${target}`);
    }
    const body = await readBody(incoming);
    const request = parseObject(body.toString());
    for (const needed of neededFor(target, request, services.lookup)) services.authorize(accessKeyId, needed);
    if (operation) answerJson(outgoing, 200, operation(request, body.length));
    else services.dynamoDb.send(target, body, outgoing);
  }
}

/** Lambda Invoke (API_Invoke). The hot path: text in, text out, parsed by nobody between. */
async function invoke(
  functions: LambdaFunctions,
  name: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const payload = (await readBody(incoming)).toString();
  const type = incoming.headers['x-amz-invocation-type'] ?? 'RequestResponse';
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

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) {
      reject(
        new AwsError('RequestTooLargeException', `Request must be smaller than ${maxBodyBytes} bytes`, 413),
      );
      incoming.destroy();
    } else {
      chunks.push(chunk);
    }
  });
  incoming.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  incoming.on('error', reject);
  return promise;
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new AwsError('InvalidRequestContentException', (error as Error).message);
  }
}

function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AwsError('SerializationException', 'expected a JSON object');
  }
  return value as JsonObject;
}

function answerJson(outgoing: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
  });
  outgoing.end(text);
}

function refuse(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const known = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500);
  const body = JSON.stringify({
    __type: known.code,
    message: known.message,
    Message: known.message,
    Type: 'User',
  });
  outgoing.writeHead(known.status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-errortype': known.code,
    'content-length': Buffer.byteLength(body),
  });
  outgoing.end(body);
}
