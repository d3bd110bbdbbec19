import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matchRoute, readRouteKey } from '../../../../local/aws/apigateway/route-key.ts';
import { TokenBucket } from '../../../../local/aws/apigateway/throttle.ts';
import { accessKeyOf } from '../../../../local/aws/iam/permissions.ts';
import { startTestCloud, type TestCloud } from '../test-cloud.ts';
import { startApi } from './support.ts';

describe('an HTTP API whose stage bounds what it takes', () => {
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeAll(async () => {
    // So slow that no machine is slower.
    const limits = (burst: number) => ({ ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: burst });
    api = await startApi({
      routes: { 'ANY /open/{proxy+}': 'NONE', 'GET /mine/{id}': 'AWS_IAM', 'POST /reports': 'NONE' },
      stage: { DefaultRouteSettings: limits(2), RouteSettings: { 'POST /reports': limits(1) } },
    });
  });
  afterAll(() => api?.cloud.close());

  it('answers 429 beyond, on each route by itself, whoever asks', async () => {
    const statuses = async (path: string, method: string) => {
      const answers = [];
      for (let n = 0; n < 3; n += 1) answers.push(await api.ask(path, { method }));
      expect(await answers.at(-1)?.json()).toEqual({ message: 'Too Many Requests' });
      return answers.map(({ status }) => status);
    };
    expect(await statuses('/open/x', 'GET')).toEqual([200, 200, 429]);
    expect(await statuses('/mine/1', 'GET')).toEqual([403, 403, 429]);
    expect(await statuses('/reports', 'POST')).toEqual([200, 429, 429]);
  });

  it('takes as many again as its rate lets in, and never more than the burst', () => {
    let nowMs = 0;
    const bucket = new TokenBucket({ ratePerSec: 10, burst: 3 }, () => nowMs);
    const taken = () => Array.from({ length: 5 }, () => bucket.take()).filter(Boolean).length;
    expect(taken()).toBe(3);
    nowMs += 100;
    expect(taken()).toBe(1);
    nowMs += 60_000;
    expect(taken()).toBe(3);
  });
});

describe('an HTTP API', () => {
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeAll(async () => {
    api = await startApi({
      routes: { 'ANY /open/{proxy+}': 'NONE', 'GET /mine/{id}': 'AWS_IAM' },
      api: { CorsConfiguration: { AllowOrigins: ['https://a.test'], AllowMethods: ['*'], MaxAge: 60 } },
    });
  });
  afterAll(() => api?.cloud.close());

  it('hands a request to its function as payload 2.0 has it', async () => {
    const answer = await api.ask('/open/a%20b/c?x=1&x=2&y=', {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: 'k=v; l=w', 'X-Other': 'o' },
      body: '{"é":1}',
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /open/{proxy+}',
      rawPath: '/open/a b/c',
      rawQueryString: 'x=1&x=2&y=',
      queryStringParameters: { x: '1,2', y: '' },
      pathParameters: { proxy: 'a b/c' },
      cookies: ['k=v', 'l=w'],
      headers: { 'x-other': 'o' },
      requestContext: { stage: '$default', http: { method: 'POST', path: '/open/a b/c' } },
      body: '{"é":1}',
      isBase64Encoded: false,
    });
  });

  it('hands on bytes as they are, and back', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    const sent = await api.ask('/open/x', { method: 'PUT', headers, body: new Uint8Array([0, 1, 255]) });
    expect(await sent.json()).toMatchObject({ body: 'AAH/', isBase64Encoded: true });
    const answer = await api.ask('/open/teapot');
    expect(answer.status).toBe(418);
    expect(answer.headers.get('x-from')).toBe('function');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array([0, 255]));
  });

  it('says no more of a function that fails than that', async () => {
    const answer = await api.ask('/open/fails');
    expect([answer.status, await answer.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });

  it.each(['/', '/open/', '/nothing', '/mine/1/2', '/open/%ff'])('has no route for %s', async (path) => {
    expect((await api.ask(path)).status).toBe(404);
  });

  it('takes a signature where IAM is asked for, and nothing else', async () => {
    expect((await api.ask('/mine/1')).status).toBe(403);
    expect((await api.ask('/mine/1', { headers: { authorization: 'Bearer x' } })).status).toBe(403);
    const answer = await api.askAs('alice', '/mine/1');
    expect(await answer.json()).toMatchObject({
      pathParameters: { id: '1' },
      requestContext: { authorizer: { iam: { userArn: 'arn:aws:iam::000000000000:user/alice' } } },
    });
  });

  it('holds a role to what its policies allow', async () => {
    const answer = await api.askAs(accessKeyOf('nobody'), '/mine/1');
    expect(answer.status).toBe(403);
  });

  it('lets pages of the origins that are named read, and of no others', async () => {
    const preflight = (origin: string) =>
      api.ask('/open/x', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
    const allowed = await preflight('https://a.test');
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'https://a.test',
      'access-control-allow-methods': '*',
      'access-control-max-age': '60',
    });
    expect((await preflight('https://b.test')).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await api.ask('/open/x', { headers: { origin: 'https://a.test' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://a.test');
  });
});

it('invokes no function that does not let it', async () => {
  const { cloud, ask } = await startApi({ routes: { 'ANY /{proxy+}': 'NONE' }, mayInvoke: false });
  const denials: string[] = [];
  cloud.permissions.observe((denial) => denials.push(denial));
  expect((await ask('/x')).status).toBe(500);
  expect(denials).toEqual([expect.stringMatching(/apigateway.*lambda:InvokeFunction/)]);
  await cloud.close();
});

it.each([
  [
    'a protocol',
    { Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET' } } },
    /HTTP/,
  ],
  [
    'a stage',
    {
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
      Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: 'prod' } },
    },
    /\$default/,
  ],
])('does not deploy %s that it does not play', async (_what, resources, message) => {
  let cloud: TestCloud | undefined;
  await expect(
    startTestCloud(resources).then((started) => {
      cloud = started;
    }),
  ).rejects.toThrow(message);
  await cloud?.close();
});

describe('the route that serves', () => {
  const routes = [
    '$default',
    'ANY /a/{proxy+}',
    'GET /a/{proxy+}',
    'ANY /a/b/{proxy+}',
    'GET /a/{id}',
    'GET /a/b',
  ].map((text) => ({ key: readRouteKey(text) }));

  // "Create routes for HTTP APIs in API Gateway", Routing API requests.
  it.each([
    ['GET', '/a/b', 'GET /a/b'],
    ['GET', '/a/c', 'GET /a/{id}'],
    ['GET', '/a/c/d', 'GET /a/{proxy+}'],
    ['POST', '/a/c', 'ANY /a/{proxy+}'],
    ['GET', '/a/b/c', 'ANY /a/b/{proxy+}'],
    ['GET', '/b', '$default'],
    ['GET', '/a', '$default'],
  ])('%s %s is %s', (method, path, key) => {
    expect(matchRoute(routes, method, path)?.route.key.text).toBe(key);
  });
});
