import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { accountId } from '../identity.ts';
import type { HttpApi, HttpRoute } from './http-api.ts';
import type { Match } from './route-key.ts';

/*
 * Between HTTP and a function ("Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", payload format 2.0).
 */

export interface ProxyRequest {
  incoming: IncomingMessage;
  api: HttpApi;
  match: Match<HttpRoute>;
  /** Below the API's address, decoded: an HTTP API does so, unlike all its kin. */
  path: string;
  query: URLSearchParams;
  rawQuery: string;
  body: Buffer;
  authorizer: object | undefined;
}

export function proxyEvent({ incoming, api, match, path, query, rawQuery, body, authorizer }: ProxyRequest) {
  const { route, pathParameters } = match;
  const method = incoming.method ?? 'GET';
  const { cookie, ...headers } = incoming.headers;
  const isText = /^(text\/|application\/(json|.*\+json|x-www-form-urlencoded|xml))/.test(
    headers['content-type'] ?? 'text/',
  );
  const now = new Date();
  return {
    version: '2.0',
    routeKey: route.key.text,
    rawPath: path,
    rawQueryString: rawQuery,
    ...(cookie !== undefined && { cookies: cookie.split(/;\s*/) }),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value].flat().join(',')]),
    ),
    ...(rawQuery !== '' && {
      queryStringParameters: Object.fromEntries(
        [...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]),
      ),
    }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    requestContext: {
      accountId,
      apiId: api.id,
      ...(authorizer && { authorizer }),
      domainName: headers.host ?? '',
      domainPrefix: api.id,
      http: {
        method,
        path,
        protocol: `HTTP/${incoming.httpVersion}`,
        sourceIp: incoming.socket.remoteAddress ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: route.key.text,
      stage: '$default',
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** Claims as a function gets them: all text, a list in brackets with blanks between. */
export function claimsAsText(claims: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? `[${value.join(' ')}]`
        : typeof value === 'object'
          ? JSON.stringify(value)
          : String(value),
    ]),
  );
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer | string;
}

/** What an answer of a function means: one that names no status is itself the body. */
export function httpAnswer(payload: string): HttpAnswer {
  const answer = JSON.parse(payload) as Record<string, unknown> | null;
  if (typeof answer !== 'object' || answer === null || answer.statusCode === undefined) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: payload };
  }
  const { statusCode, headers = {}, cookies, body = '', isBase64Encoded } = answer;
  return {
    status: Number(statusCode),
    headers: {
      ...(headers as Record<string, string>),
      ...(Array.isArray(cookies) && { 'set-cookie': cookies.map(String) }),
    },
    body: isBase64Encoded ? Buffer.from(String(body), 'base64') : String(body),
  };
}
