import { beforeEach, expect, it } from 'vitest';
import type { Done } from '../../../contracts/api/actions.ts';
import { present } from '../../../lambdas/store/conditions.ts';
import { edgeKey } from '../../../lambdas/store/keys.ts';
import { ask, get, told } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';
import { managed, taskId } from '../support/world.ts';

/* An operator holds a gateway, to look at it, and releases it. */

useWorld();

const [one, two] = [managed(1), managed(2)];
const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }];
const reason = 'no sound';

beforeEach(async () => {
  told.length = 0;
  await world.register({ username: one, contacts });
});

async function act(what: string, username = one): Promise<Partial<Done> & { status: number }> {
  const request = { method: 'POST', body: { reason } };
  const { statusCode, body } = await ask(`/gateways/${username}/${what}`, request);
  return { status: statusCode, ...(JSON.parse(body) as object) };
}
const calls = (callId: string, gateway?: string) =>
  world.allocate({ callId, ...(gateway !== undefined && { gateway }) });

it('keeps it from every call, also from one that asks for it by its name, until it is released', async () => {
  expect(await act('hold')).toMatchObject({ status: 200, changed: true });
  const item = await world.gateway(one);
  expect(item).toMatchObject({ state: 'held' });
  expect(item).not.toHaveProperty('freeShard');
  expect(await calls('call-1')).toMatchObject({ result: 'refused', outcome: 'pool-exhausted' });
  expect(await calls('call-2', one)).toMatchObject({ result: 'refused', outcome: 'busy-everywhere' });
  expect(await act('release')).toMatchObject({ status: 200, changed: true });
  expect(await world.gateway(one)).toMatchObject({ state: 'free', freeShard: 'free#0' });
  expect(await world.grant({ callId: 'call-3' })).toMatchObject({ username: one });
});

it('shows it as held, and counts it so', async () => {
  await world.register({ username: two, contacts });
  await act('hold');
  const held = { items: [{ username: one, state: 'held', since: expect.any(String) }] };
  expect(await get('/gateways?state=held')).toMatchObject(held);
  expect(await get('/gateways?state=free')).toMatchObject({ items: [{ username: two }] });
  expect((await get<{ items: object[] }>('/gateways')).items).toHaveLength(2);
  expect(await get('/status')).toMatchObject({ gateways: { held: 1, free: 1 } });
});

it('is kept with who, when and why, and harmless twice', async () => {
  await act('hold');
  expect(await act('hold')).toMatchObject({ status: 200, changed: false, code: 'held' });
  world.pass(1);
  await act('release');
  expect(await act('release')).toMatchObject({ status: 200, changed: false, code: 'not-held' });
  expect(await get('/audit')).toMatchObject({
    items: [
      { action: 'release-gateway', subject: one, reason },
      { action: 'hold-gateway', subject: one, reason },
    ],
  });
  expect(told).toHaveLength(2);
});

it('is refused for one that a call has, and for one that there is not', async () => {
  await world.grant({ callId: 'call-1' });
  const refused = { status: 409, code: 'not-free', detail: 'it is locked: hold it once it is free' };
  expect(await act('hold')).toMatchObject(refused);
  await world.say(world.answered('call-1', one));
  expect(await act('hold')).toMatchObject({ status: 409 });
  expect(await act('release')).toMatchObject({ status: 200, changed: false });
  const unknown = { status: 404, code: 'no-such-gateway' };
  for (const what of ['hold', 'release']) expect(await act(what, 'nobody')).toMatchObject(unknown);
});

it('and a call never have it both, at the same moment', async () => {
  for (let round = 0; round < 5; round += 1) {
    const [held, answer] = await Promise.all([act('hold'), calls(`call-${round}`)]);
    expect([held.status === 200, answer.result === 'granted'].filter(Boolean)).toHaveLength(1);
    if (held.status === 200) await act('release');
    else await world.say({ type: 'call.cancelled', callId: `call-${round}`, gatewayAnswered: false });
  }
});

it('is for gateways of others too', async () => {
  const theirs = '10.0.0.9.mediagw.1';
  await world.register({ username: theirs, contacts });
  expect(await act('hold', theirs)).toMatchObject({ status: 200, changed: true });
  expect(await calls('call-1', theirs)).toMatchObject({ outcome: 'busy-everywhere' });
});

it('takes one of a lock that has lapsed, and the late answer of that call takes it back', async () => {
  await world.grant({ callId: 'call-1' });
  world.pass(121);
  expect(await act('hold')).toMatchObject({ status: 200, changed: true });
  expect(await world.gateway(one)).not.toHaveProperty('lockedBy');
  await world.say(world.answered('call-1', one));
  const item = await world.gateway(one);
  expect(item).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
  expect(item).not.toHaveProperty('watchKey');
});

it.each(['hold', 'drain'])('counts a lock that has lapsed as a call would: %s', async (what) => {
  await world.hangups();
  await world.grant({ callId: 'call-1' });
  world.pass(121);
  expect(await act(what)).toMatchObject({ status: 409, code: 'not-free' });
  await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
  await world.grant({ callId: 'call-2' });
  world.pass(121);
  // Nobody knows its edge: it cannot be in that call.
  await world.table.write({ delete: edgeKey('edge-1'), when: present('pk') });
  expect(await act(what)).toMatchObject({ status: 200, changed: true });
});

it('ends where it is drained', async () => {
  await act('hold');
  expect(await act('drain')).toMatchObject({ status: 200, changed: true });
  expect(await world.gateway(one)).toMatchObject({ state: 'draining' });
  expect(world.stopped).toEqual([taskId(1)]);
});
