import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../http/errors.ts';
import { readBody } from '../http/wire.ts';
import { neededToInvoke } from '../iam/needed.ts';
import type { Permissions } from '../iam/permissions.ts';
import type { Signatures } from '../iam/signatures.ts';
import { accountId, arn } from '../identity.ts';
import type { LambdaFunctions } from '../lambda/functions.ts';
import type { Resource } from '../template.ts';
import { type Cors, executeApiArn, type HttpApi, type HttpRoute, readHttpApis } from './http-api.ts';
import { claimsAsText, type HttpAnswer, httpAnswer, proxyEvent } from './proxy-event.ts';
import { matchRoute } from './route-key.ts';
import { TokenBucket } from './throttle.ts';
import type { Tokens } from './tokens.ts';

/** Largest payload ("Quotas for configuring and running an HTTP API"). */
const maxBodyBytes = 10 * 1024 * 1024;

/** Below this path of the local cloud's address stand the APIs, each by its id. */
const apisPath = '/apis/';

/** @returns where an API is reached, without a slash at its end */
export const addressOfApi = (endpoint: string, apiId: string) => `${endpoint}${apisPath}${apiId}`;

const message = (status: number, text: string, headers: HttpAnswer['headers'] = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ message: text }),
});

interface HttpApisParts {
  functions: LambdaFunctions;
  permissions: Permissions;
  tokens: Tokens;
  signatures: Signatures;
}

/** API Gateway, as far as HTTP APIs before functions go. */
export class HttpApis {
  #apis = new Map<string, HttpApi>();
  /** Of routes that do not take whatever comes. */
  #buckets = new Map<HttpRoute, TokenBucket>();
  readonly #parts: HttpApisParts;

  constructor(parts: HttpApisParts) {
    this.#parts = parts;
  }

  /** @throws UnsupportedError for what an API asks that is not played here */
  provision(resources: readonly Resource[]): void {
    const apis = readHttpApis(resources);
    this.#apis = new Map(apis.map((api) => [api.id, api]));
    this.#buckets = new Map(
      apis
        .flatMap(({ routes }) => routes)
        .flatMap((route) => (route.throttle ? [[route, new TokenBucket(route.throttle)]] : [])),
    );
  }

  /** Serves a request to an API. @returns whether it was one */
  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean> {
    const url = incoming.url ?? '/';
    if (!url.startsWith(apisPath)) return false;
    const [target = '', rawQuery = ''] = url.slice(apisPath.length).split(/\?(.*)/s);
    const slash = target.indexOf('/');
    const api = this.#apis.get(slash < 0 ? target : target.slice(0, slash));
    const path = decoded(slash < 0 ? '/' : target.slice(slash));
    const answer =
      api === undefined || path === undefined
        ? message(404, 'Not Found')
        : await this.#answer(api, incoming, path, rawQuery);
    outgoing.writeHead(answer.status, {
      ...answer.headers,
      ...(api?.cors && allowed(api.cors, incoming)),
      'content-length': Buffer.byteLength(answer.body),
    });
    outgoing.end(incoming.method === 'HEAD' ? '' : answer.body);
    return true;
  }

  async #answer(
    api: HttpApi,
    incoming: IncomingMessage,
    path: string,
    rawQuery: string,
  ): Promise<HttpAnswer> {
    const method = incoming.method ?? 'GET';
    if (api.cors && method === 'OPTIONS' && incoming.headers['access-control-request-method']) {
      return { status: 204, headers: preflight(api.cors, incoming), body: '' };
    }
    const match = matchRoute(api.routes, method, path);
    if (match === undefined) return message(404, 'Not Found');
    const body = await readBody(incoming, maxBodyBytes);
    if (this.#buckets.get(match.route)?.take() === false) return message(429, 'Too Many Requests');
    const authorized = await this.#authorize(api, match.route, incoming, path, body);
    if ('status' in authorized) return authorized;
    const event = proxyEvent({
      incoming,
      api,
      match,
      path,
      query: new URLSearchParams(rawQuery),
      rawQuery,
      body,
      authorizer: authorized.authorizer,
    });
    return this.#invoke(api, match.route, event);
  }

  async #invoke(api: HttpApi, { functionName, key }: HttpRoute, event: object): Promise<HttpAnswer> {
    const { functions, permissions } = this.#parts;
    const functionArn = arn('lambda', `function:${functionName}`);
    try {
      const source = executeApiArn(api.id, key.method ?? '*', `/${key.parts?.join('/') ?? '*'}`);
      permissions.checkService('apigateway.amazonaws.com', source, neededToInvoke(functionArn));
      const result = await functions.invoke(functionName, JSON.stringify(event));
      if (result.kind === 'answer') return httpAnswer(result.payload);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
    }
    return message(500, 'Internal Server Error');
  }

  /** @returns what the function is told of who asks, or the refusal */
  async #authorize(
    { id }: HttpApi,
    { authorizer }: HttpRoute,
    incoming: IncomingMessage,
    path: string,
    body: Buffer,
  ): Promise<HttpAnswer | { authorizer: object | undefined }> {
    const { permissions, signatures, tokens } = this.#parts;
    const { authorization } = incoming.headers;
    if (authorizer.type === 'none') return { authorizer: undefined };
    if (authorizer.type === 'jwt') {
      const { issuer, audience } = authorizer;
      const token = authorization?.replace(/^Bearer\s+/i, '');
      if (!token) return message(401, 'Unauthorized', { 'www-authenticate': 'Bearer' });
      const claims = await tokens.claimsOf(token, issuer, audience);
      if (claims === undefined) {
        return message(401, 'Unauthorized', { 'www-authenticate': 'Bearer error="invalid_token"' });
      }
      return { authorizer: { jwt: { claims: claimsAsText(claims), scopes: null } } };
    }
    let accessKey: string;
    try {
      accessKey = await signatures.signerOf(incoming, body);
      const resource = executeApiArn(id, incoming.method ?? 'GET', path);
      permissions.check(accessKey, { action: 'execute-api:Invoke', resource });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return message(403, 'Forbidden');
    }
    const userArn = `arn:aws:iam::${accountId}:user/${accessKey}`;
    return { authorizer: { iam: { accessKey, accountId, callerId: accessKey, userArn, userId: accessKey } } };
  }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Headers of an answer to another origin that may read it. */
function allowed(cors: Cors, { headers: { origin } }: IncomingMessage): HttpAnswer['headers'] {
  if (origin === undefined || !(cors.origins.includes(origin) || cors.origins.includes('*'))) return {};
  return {
    'access-control-allow-origin': origin,
    vary: 'Origin',
    ...(cors.exposed.length > 0 && { 'access-control-expose-headers': cors.exposed.join(',') }),
  };
}

function preflight(cors: Cors, incoming: IncomingMessage): HttpAnswer['headers'] {
  if (!('access-control-allow-origin' in allowed(cors, incoming))) return {};
  return {
    'access-control-allow-methods': cors.methods.join(','),
    'access-control-allow-headers': cors.headers.join(','),
    ...(cors.maxAgeSec !== undefined && { 'access-control-max-age': String(cors.maxAgeSec) }),
  };
}
