import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { routes } from '../../../contracts/api/all-routes.ts';
import type { Route } from '../../../contracts/api/routes.ts';
import { accessOf } from '../../../lambdas/functions/api/access.ts';
import { byToken } from '../../support/api-event.ts';
import { ask, failures, get } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';

useWorld();

const roles = { claim: 'roles', viewer: 'viewer', operator: 'operator' };
const all = Object.entries<Route>(routes);
const targetOf = ({ path }: Route) => path.replaceAll(/\{\w+\}/g, 'x');
const methodOf = ({ method }: Route) => method.toUpperCase();

/** Of people and programs; what gateways tell is asked in media-report-access.test.ts. */
const forPeople = all.filter(([, { role }]) => role !== 'gateway');

describe.each(forPeople)('%s', (_id, route) => {
  const asked = (authorizer: Parameters<typeof ask>[1] & object) =>
    ask(targetOf(route), { method: methodOf(route), ...authorizer });

  it('is for nobody whom API Gateway has not told of', async () => {
    for (const authorizer of [
      undefined,
      {},
      { jwt: {} },
      { iam: {} },
      { jwt: { claims: { roles: 'operator' } } },
    ]) {
      expect(await asked({ authorizer })).toMatchObject({ statusCode: 401 });
    }
  });

  it('is for nobody without a role', async () => {
    for (const held of [undefined, '', 'other', '[viewers operators]', 'xviewer', ['x'], 7]) {
      expect(await asked({ authorizer: byToken(held) })).toMatchObject({ statusCode: 403 });
    }
  });

  it(route.role === 'viewer' ? 'is for viewers' : 'is not for viewers', async () => {
    const expected = route.role === 'viewer' ? [200, 404] : [403];
    expect(expected).toContain((await asked({ authorizer: byToken('[viewer]') })).statusCode);
  });

  it('is for operators, by token or by signature', async () => {
    for (const authorizer of [byToken(['operator']), { iam: { userArn: 'arn:x' } }]) {
      // What it takes is not there, or not said.
      expect([200, 400, 404, 409]).toContain((await asked({ authorizer })).statusCode);
    }
  });
});

it.each([
  ['[viewer operator]', 'operator'],
  ['viewer', 'viewer'],
  ['a, viewer', 'viewer'],
  [['operator'], 'operator'],
])('reads the claim %s, in whichever way API Gateway tells a list', (held, role) => {
  const { jwt } = byToken(held, { email: 'alice@example.org' });
  expect(accessOf({ jwt: jwt as object }, roles)).toEqual({ who: 'alice@example.org', role });
});

it('tells who asks', async () => {
  const { body } = await ask('/me', { authorizer: byToken('viewer') });
  expect(JSON.parse(body)).toEqual({ who: 'user-1', role: 'viewer' });
});

describe('what is wrong with a request', () => {
  it.each([
    ['/gateways?limit=0', 'limit'],
    ['/gateways?limit=201', 'limit'],
    ['/gateways?state=asleep', 'state'],
    ['/gateways?stat=free', ''],
    ['/calls?outcome=none', 'outcome'],
    ['/calls?from=yesterday', 'from'],
    ['/calls?cursor=x', 'cursor'],
    [`/calls?cursor=${Buffer.from('[["a","b"]]').toString('base64url')}`, 'cursor'],
    ['/calls?callId=a', 'callId'],
  ])('is said of %s', async (target, field) => {
    const { statusCode, headers, body } = await ask(target);
    expect(statusCode).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      type: 'urn:switchroom:problem:invalid-request',
      status: 400,
      errors: [{ field, message: expect.any(String) }],
    });
  });

  it('is that there is no such route', async () => {
    for (const target of ['/nothing', '/', '/calls/a/b/c']) {
      expect(await ask(target)).toMatchObject({ statusCode: 404 });
    }
    expect(await ask('/status', { method: 'POST', body: {} })).toMatchObject({ statusCode: 404 });
  });
});

it('answers 304 while what is polled is the same', async () => {
  const { headers } = await ask('/status');
  const again = await ask('/status', { headers: { 'if-none-match': String(headers.etag) } });
  expect(again).toMatchObject({ statusCode: 304, body: '' });
  await world.edgeCalls();
  const changed = await ask('/status', { headers: { 'if-none-match': String(headers.etag) } });
  expect(changed.statusCode).toBe(200);
});

it('says that the table does not answer, and not what it is called', async () => {
  const table = world.table;
  Object.assign(table, { get: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1')) });
  failures.length = 0;
  const { statusCode, body } = await ask('/status');
  expect(statusCode).toBe(500);
  expect(body).not.toContain('10.0.0.1');
  expect(failures).toHaveLength(1);
});

interface Operation {
  parameters: object[];
  responses: object;
}

describe('its description', () => {
  it('is valid OpenAPI 3.1, by the schema of those who make that', async () => {
    const document = await get('/openapi.json');
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has every route with what it takes and answers, and refers to nothing that is not there', async () => {
    const document = await get<{ paths: Record<string, object>; components: Record<string, object> }>(
      '/openapi.json',
    );
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(operations.toSorted()).toEqual(all.map(([, { method, path }]) => `${method} ${path}`).toSorted());
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g);
    for (const [, kind = '', name = ''] of references) expect(document.components[kind]).toHaveProperty(name);
    expect(JSON.stringify(document)).not.toContain('$defs');
  });

  it('has one unit for time, seconds; of jitter alone milliseconds, as RTP has it', async () => {
    const document = JSON.stringify(await get('/openapi.json'));
    const names = [...document.matchAll(/"(\w+(?:Ms|Millis|Minutes|Hours))":/g)].map(([, name]) => name);
    expect([...new Set(names)]).toEqual(['jitterMs']);
    expect(document).toContain('"totalSec":');
  });

  it("says what comes of an Idempotency-Key that was another request's, wherever one is taken", async () => {
    const { paths } = await get<{ paths: Record<string, Record<string, Operation>> }>('/openapi.json');
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    const taking = operations.filter((one) => JSON.stringify(one.parameters).includes('Idempotency-Key'));
    expect(taking.length).toBeGreaterThan(10);
    for (const { responses } of taking) expect(responses).toHaveProperty('422');
  });
});
