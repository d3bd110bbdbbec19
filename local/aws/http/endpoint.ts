import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpApis } from '../apigateway/http-apis.ts';
import { type Buckets, s3Error } from '../assets/s3.ts';
import { putProtection } from '../ecs/agent.ts';
import { neededFor, neededToInvoke, type StackLookup } from '../iam/needed.ts';
import type { Needed } from '../iam/policy.ts';
import type { Signatures } from '../iam/signatures.ts';
import { arn } from '../identity.ts';
import { functionNameOf } from '../lambda/function-name.ts';
import { type LambdaFunctions, maxPayloadBytes } from '../lambda/functions.ts';
import { invokeByRequest } from '../lambda/invoke-request.ts';
import type { JsonObject } from '../template.ts';
import { checkHost, checkOrigin } from './door.ts';
import { AwsError } from './errors.ts';
import type { PassThrough } from './pass-through.ts';
import { type QueryService, queryAnswer, queryError, readQuery } from './query.ts';
import { answer, answerJson, awsErrorOf, parseObject, readBody, refuse } from './wire.ts';

/** An operation of a service that speaks JSON with `X-Amz-Target`. */
export type Operation = (request: JsonObject, requestBytes: number) => object;

export interface Services {
  functions: LambdaFunctions;
  /** Serve what is below their own path. */
  httpApis: HttpApis;
  /** By `X-Amz-Target`, e.g. `AWSEvents.PutEvents`. */
  operations: ReadonlyMap<string, Operation>;
  /** By the version of their API, which each request names. */
  queryServices: ReadonlyMap<string, QueryService>;
  buckets: Buckets;
  /** @returns the answer to a GET of this path, or undefined */
  get: (path: string) => JsonObject | undefined;
  /** The table engine: what may be asked of it is passed on. */
  dynamoDb: PassThrough;
  signatures: Signatures;
  /** What a request names by less than what its permission needs. */
  lookup: StackLookup;
  /** Throws where the bearer of this access key id may not do what the request asks. */
  authorize: (accessKeyId: string | undefined, needed: Needed) => void;
}

const invocationPath = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const maxBodyBytes = maxPayloadBytes.sync + 1024;
/** A function's code may have so much (Lambda quotas). */
const maxObjectBytes = 50 * 1024 * 1024;

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
    checkHost(incoming);
    if (await services.httpApis.serve(incoming, outgoing)) return;
    checkOrigin(incoming);
    if (isForS3(incoming)) {
      await serveS3(services, incoming, outgoing);
      return;
    }
    if (incoming.method === 'GET') {
      const found = services.get(url);
      if (!found) throw new AwsError('NotFound', `nothing at ${url}`, 404);
      answerJson(outgoing, 200, found);
      return;
    }
    if (incoming.method === 'PUT') {
      const asked = parseObject((await readBody(incoming, maxBodyBytes)).toString());
      const answer = putProtection(url, asked, services.authorize);
      if (!answer) throw new AwsError('NotFound', `nothing at ${url}`, 404);
      answerJson(outgoing, 200, answer);
      return;
    }
    if (isForm(incoming)) {
      await serveQuery(services, incoming, outgoing);
      return;
    }
    const body = await readBody(incoming, maxBodyBytes);
    const accessKeyId = await services.signatures.signerOf(incoming, body);
    const invocation = invocationPath.exec(url.split('?')[0] as string);
    if (invocation) {
      const name = decodeURIComponent(invocation[1] as string);
      services.authorize(accessKeyId, neededToInvoke(arn('lambda', `function:${functionNameOf(name)}`)));
      await invokeByRequest(services.functions, name, incoming.headers, body, outgoing);
      return;
    }
    const target = String(incoming.headers['x-amz-target'] ?? url);
    const operation = services.operations.get(target);
    const isTable = target.startsWith('DynamoDB_');
    if (!operation && !isTable) {
      throw new AwsError('UnknownOperationException', `the local cloud does not know ${target}`);
    }
    const request = parseObject(body.toString());
    for (const needed of neededFor(target, request, services.lookup)) services.authorize(accessKeyId, needed);
    if (operation) answerJson(outgoing, 200, operation(request, body.length));
    else services.dynamoDb.send(target, body, outgoing);
  }
}

/** S3 has no target and no action: its requests are known by what they are signed for. */
const isForS3 = ({ headers }: IncomingMessage) =>
  /Credential=[^,]*\/s3\/aws4_request/.test(headers.authorization ?? '');

/** The Query protocol. */
const isForm = ({ headers }: IncomingMessage) =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;

async function serveS3(
  { buckets, authorize, signatures }: Services,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { pathname: path, searchParams: query } = new URL(incoming.url ?? '/', 'http://s3');
  const method = incoming.method ?? 'GET';
  try {
    const body = await readBody(incoming, maxObjectBytes);
    authorize(await signatures.signerOf(incoming, body), buckets.needed({ method, path, query }));
    if (incoming.headers['content-encoding']?.includes('aws-chunked')) {
      throw new AwsError('NotImplemented', 'the local S3 takes no object in signed chunks', 501);
    }
    const result = buckets.answer({ method, path, query, body });
    outgoing.writeHead(result.status, result.headers).end(result.body);
  } catch (error) {
    const refusal = awsErrorOf(error);
    answer(outgoing, refusal.status, 'application/xml', method === 'HEAD' ? '' : s3Error(refusal));
  }
}

async function serveQuery(
  { queryServices, authorize, signatures }: Services,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const body = await readBody(incoming, maxBodyBytes);
    const accessKeyId = await signatures.signerOf(incoming, body);
    const { action, version, parameters } = readQuery(body.toString());
    const service = queryServices.get(version);
    const operation = service?.operations.get(action);
    if (!service || !operation) {
      throw new AwsError('InvalidAction', `the local cloud does not know ${action} (${version})`);
    }
    authorize(accessKeyId, {
      action: `${service.prefix}:${action}`,
      resource: service.resourceOf?.(action, parameters) ?? '*',
    });
    answer(outgoing, 200, 'text/xml', queryAnswer(action, service.namespace, await operation(parameters)));
  } catch (error) {
    const refusal = awsErrorOf(error);
    answer(outgoing, refusal.status, 'text/xml', queryError(refusal));
  }
}
