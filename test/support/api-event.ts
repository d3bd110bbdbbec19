import type { Authorizer } from '../../lambdas/functions/api/access.ts';

export interface ApiRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** A body as it is, where it is no JSON. */
  raw?: string;
  /** What API Gateway says of who asks; an operator by signature unless given. */
  authorizer?: Authorizer | undefined;
  /** Where the API stands below its address; `/v1` unless given. */
  door?: string;
}

const bySignature: Authorizer = { iam: { userArn: 'arn:aws:iam::123456789012:user/alice' } };

export const byToken = (roles: unknown, claims: Record<string, unknown> = {}): Authorizer => ({
  jwt: { claims: { sub: 'user-1', roles, ...claims } },
});

/**
 * A request as an HTTP API hands it to a function ("Working with AWS Lambda proxy integrations for HTTP APIs", payload
 * format 2.0).
 * @param target path and query, below the door
 */
export function apiEvent(target: string, request: ApiRequest = {}) {
  const { method = 'GET', headers = {}, body, door = '/v1' } = request;
  const { pathname, search } = new URL(`https://x${door}${target}`);
  const authorizer = 'authorizer' in request ? request.authorizer : bySignature;
  return {
    version: '2.0',
    routeKey: 'ANY /v1/{proxy+}',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: {
      host: 'x',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    requestContext: {
      accountId: '123456789012',
      apiId: 'x',
      ...(authorizer && { authorizer }),
      http: { method, path: pathname, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'request-1',
      routeKey: 'ANY /v1/{proxy+}',
      stage: '$default',
      time: '30/Nov/2026:09:00:00 +0000',
      timeEpoch: 1_796_029_200_000,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(request.raw !== undefined && { body: request.raw }),
    isBase64Encoded: false,
  };
}

export interface ApiAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}
