import { beforeEach, describe, expect, it } from 'vitest';
import { isoOf } from '../../../contracts/api/common.ts';
import { pathIdOf } from '../../../lambdas/domain/views.ts';
import { ask, get, told } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';
import { managed, taskId } from '../support/world.ts';

useWorld();
beforeEach(() => {
  told.length = 0;
});

const reason = 'as it must be';
const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }];

async function act(
  method: string,
  target: string,
  body?: object,
  key?: string,
): Promise<{ status: number; id?: string; changed?: boolean }> {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  const answer = await ask(target, { method, headers, ...(body && { body }) });
  return { status: answer.statusCode, ...(JSON.parse(answer.body) as Record<string, unknown>) };
}
const post = (target: string, body: object = { reason }, key?: string) => act('POST', target, body, key);
const history = async () => (await get<{ items: object[] }>('/audit')).items;

/** An answered call on the gateway of this number. */
async function establish(n: number): Promise<string> {
  await world.register({ username: managed(n), contacts });
  await world.grant({ callId: `call-${n}` });
  await world.say(world.answered(`call-${n}`, managed(n)));
  return pathIdOf({ callId: `call-${n}` });
}

describe('to hang up a call', () => {
  it('is told to its edge, and kept with who, when and why', async () => {
    const id = await establish(1);
    expect(await post(`/calls/${id}/hangup`)).toMatchObject({ status: 200, changed: true });
    expect(await world.hangups()).toEqual({
      hangups: [{ callId: 'call-1', gateway: managed(1), asked: true }],
    });
    const kept = { action: 'hangup', subject: 'call-1', reason, who: 'arn:aws:iam::123456789012:user/alice' };
    expect(await history()).toMatchObject([{ ...kept, at: isoOf(world.nowMs) }]);
    expect(told).toMatchObject([{ ...kept, type: 'operator.acted', at: world.nowMs }]);
  });

  it('is told to an edge that was out of reach for minutes', async () => {
    await world.hangups();
    const id = await establish(1);
    await post(`/calls/${id}/hangup`);
    world.pass(180);
    expect(await world.hangups()).toMatchObject({ hangups: [{ callId: 'call-1', asked: true }] });
  });

  it('is refused, and not kept as done, where it was not written', async () => {
    const id = await establish(1);
    const conflict = async (writes: readonly unknown[]) =>
      ({ done: false, failures: writes.map(() => 'conflict') }) as const;
    Object.assign(world.table, { transact: conflict });
    expect(await post(`/calls/${id}/hangup`)).toMatchObject({ status: 409 });
    expect([await history(), told]).toEqual([[], []]);
  });

  it('does nothing to one that is over', async () => {
    const id = await establish(1);
    await world.say(world.ended('call-1', managed(1)));
    expect(await post(`/calls/${id}/hangup`)).toMatchObject({ status: 200, changed: false });
    expect([await history(), told]).toEqual([[], []]);
  });

  it('is refused for one that is not answered, and for one that there is not', async () => {
    await world.register({ username: managed(1), contacts });
    await world.grant({ callId: 'call-1' });
    expect(await post(`/calls/${pathIdOf({ callId: 'call-1' })}/hangup`)).toMatchObject({ status: 409 });
    expect(await post(`/calls/${pathIdOf({ callId: 'none' })}/hangup`)).toMatchObject({ status: 404 });
  });
});

describe('to drain a gateway', () => {
  const drain = (n: number) => post(`/gateways/${managed(n)}/drain`);

  it('takes a free one out of the pool and stops its task, once', async () => {
    await world.register({ username: managed(1), contacts });
    expect(await drain(1)).toMatchObject({ status: 200, changed: true });
    expect(await world.gateway(managed(1))).toMatchObject({ state: 'draining' });
    expect(world.stopped).toEqual([taskId(1)]);
    expect(await world.allocate({ callId: 'call-1' })).toMatchObject({ result: 'refused' });
    expect(await drain(1)).toMatchObject({ status: 200, changed: false });
    expect(await history()).toHaveLength(1);
  });

  it('leaves one in a call to its end, after which it goes anyhow', async () => {
    await establish(1);
    expect(await drain(1)).toMatchObject({
      status: 200,
      changed: false,
      effect: expect.stringMatching(/after its call/),
    });
    expect(world.stopped).toEqual([]);
  });

  it('is refused for one that others run', async () => {
    await world.register({ username: '10.0.0.9.mediagw.1', contacts });
    expect(await post('/gateways/10.0.0.9.mediagw.1/drain')).toMatchObject({ status: 409 });
    expect(await post('/gateways/10.0.0.9.mediagw.1/stop')).toMatchObject({ status: 409 });
    expect(await post('/gateways/nobody/drain')).toMatchObject({ status: 404 });
  });

  it('may be to stop it now, with its call', async () => {
    await establish(1);
    expect(await post(`/gateways/${managed(1)}/stop`)).toMatchObject({
      effect: expect.stringMatching(/its call ends with it/),
    });
    expect(world.stopped).toEqual([taskId(1)]);
  });
});

describe('orders of the pool', () => {
  it('are kept until they are taken back, by who gave them first', async () => {
    expect(await post('/pool/pause', { reason: 'first' })).toMatchObject({ changed: true });
    expect(await post('/pool/pause', { reason: 'second' })).toMatchObject({ changed: false });
    expect(await get('/pool/orders')).toMatchObject({ paused: { reason: 'first' } });
    world.pass(1);
    expect(await post('/pool/resume')).toMatchObject({ changed: true });
    expect(await get('/pool/orders')).toEqual({ reservations: [] });
    expect(await history()).toMatchObject([{ action: 'resume' }, { action: 'pause', reason: 'first' }]);
    expect(told).toHaveLength(2);
  });

  it('run out by themselves', async () => {
    const until = isoOf(world.nowMs + 60_000);
    expect(await act('PUT', '/pool/override', { reason, minFree: 5, until })).toMatchObject({
      changed: true,
    });
    expect(await act('PUT', '/pool/override', { reason, minFree: 5, until })).toMatchObject({
      changed: false,
    });
    expect(await get('/pool/orders')).toMatchObject({ override: { minFree: 5, until } });
    world.pass(60);
    expect(await get('/pool/orders')).toEqual({ reservations: [] });
    expect(await act('DELETE', `/pool/override?reason=x`)).toMatchObject({ changed: false });
  });

  it('reserve gateways for a time; the same again is the same', async () => {
    const window = { from: isoOf(world.nowMs + 60_000), to: isoOf(world.nowMs + 120_000) };
    const made = await post('/pool/reservations', { reason, gateways: 7, ...window });
    expect(made).toMatchObject({ status: 200, changed: true, id: expect.any(String) });
    expect(await post('/pool/reservations', { reason, gateways: 7, ...window })).toMatchObject({
      id: made.id,
      changed: false,
    });
    expect(await get('/pool/orders')).toMatchObject({ reservations: [{ gateways: 7, ...window }] });
    expect(await act('DELETE', `/pool/reservations/${made.id}?reason=x`)).toMatchObject({ changed: true });
    expect(await get('/pool/orders')).toEqual({ reservations: [] });
  });

  it('given at the same time by several are all kept', async () => {
    const to = isoOf(world.nowMs + 120_000);
    const from = isoOf(world.nowMs);
    await Promise.all(
      [3, 4, 5].map((gateways) => post('/pool/reservations', { reason, gateways, from, to })),
    );
    const { reservations } = await get<{ reservations: object[] }>('/pool/orders');
    expect(reservations).toHaveLength(3);
    expect(await history()).toHaveLength(3);
  });

  const soon = () => isoOf(world.nowMs + 60_000);
  it.each<[string, () => Promise<{ status: number }>]>([
    ['no reason', () => post('/pool/pause', {})],
    ['an empty reason', () => post('/pool/pause', { reason: '  ' })],
    ['a reason that turns the direction of letters', () => post('/pool/pause', { reason: 'a\u202eb' })],
    ['a reason of two lines', () => post('/pool/pause', { reason: 'a\nb' })],
    ['no bound', () => act('PUT', '/pool/override', { reason, until: soon() })],
    ['a time that is over', () => act('PUT', '/pool/override', { reason, minFree: 1, until: isoOf(0) })],
    [
      'less at most than at least',
      () => act('PUT', '/pool/override', { reason, minFree: 3, maximum: 2, until: soon() }),
    ],
    ['too many', () => act('PUT', '/pool/override', { reason, minFree: 10_001, until: soon() })],
    [
      'an end before its beginning',
      () => post('/pool/reservations', { reason, gateways: 1, from: soon(), to: isoOf(world.nowMs + 1) }),
    ],
    ['what it does not know', () => post('/pool/pause', { reason, force: true })],
    ['no reason to take back', () => act('DELETE', '/pool/override')],
  ])('are refused with %s', async (_what, ordered) => {
    expect(await ordered()).toMatchObject({ status: 400 });
    expect(await history()).toEqual([]);
  });

  it('are refused with a body that is no JSON, or of another kind', async () => {
    for (const [type, body] of [
      ['text/plain', '{}'],
      ['application/json', '{'],
    ] as const) {
      const answer = await ask('/pool/pause', {
        method: 'POST',
        headers: { 'content-type': type },
        raw: body,
      });
      expect(answer.statusCode).toBe(400);
    }
  });
});

describe('an Idempotency-Key', () => {
  it('gets the same answer again, and does nothing again', async () => {
    const first = await post('/pool/pause', { reason }, 'key-1');
    await post('/pool/resume');
    expect(await post('/pool/pause', { reason }, 'key-1')).toEqual(first);
    expect(await get('/pool/orders')).toEqual({ reservations: [] });
  });

  it('is refused with another request, and lasts a day', async () => {
    await post('/pool/pause', { reason }, 'key-1');
    expect(await post('/pool/pause', { reason: 'other' }, 'key-1')).toMatchObject({ status: 422 });
    expect(await post('/pool/resume', { reason }, 'key-1')).toMatchObject({ status: 422 });
    world.pass(24 * 3600 + 1);
    expect(await post('/pool/resume', { reason }, 'key-1')).toMatchObject({ changed: true });
  });
});

it('keeps markup of who asks and why as text', async () => {
  await post('/pool/pause', { reason: '<img src=x onerror=alert(1)>' });
  const { headers } = await ask('/audit');
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(headers['x-content-type-options']).toBe('nosniff');
});
