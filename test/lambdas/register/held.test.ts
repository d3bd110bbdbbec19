import { beforeEach, expect, it } from 'vitest';
import { hold } from '../../../lambdas/store/gateway-writes.ts';
import { gatewayFrom } from '../../../lambdas/store/items/gateway-item.ts';
import { useWorld, world } from '../support/use-world.ts';

/* What a gateway that an operator holds says of itself. */

useWorld();

const gw = '10.0.0.7.mediagw.1';
const contacts = (n: number, expiresSec = 60) => [{ uri: `sip:gw-${n}@10.0.0.7:5060`, expiresSec }];
let since: number;

beforeEach(async () => {
  await world.register({ username: gw, contacts: contacts(1) });
  const item = await world.gateway(gw);
  if (item === undefined) throw new Error('it is not registered');
  since = world.nowMs;
  await world.table.write(hold(gatewayFrom(item), since));
});

const staysHeld = async (more: object = {}) => {
  const item = await world.gateway(gw);
  expect(item).toMatchObject({ state: 'held', watchKey: 'held', watchAt: since, ...more });
  for (const attribute of ['freeShard', 'availableAt', 'lockedBy'])
    expect(item).not.toHaveProperty(attribute);
  expect(await world.allocate({ callId: 'call-1' })).toMatchObject({ result: 'refused' });
};

it.each<[string, object]>([
  ['a refresh', { cseq: 2, isKnown: true }],
  ['one that the edge has not seen before', { cseq: 2 }],
  ['one from elsewhere', { cseq: 2, edgeId: 'edge-2' }],
  ['another contact beside it', { cseq: 2, contacts: [...contacts(1), ...contacts(2)] }],
  ['another Call-ID of the same process', { registrationId: 'reg-2' }],
])('stays held by %s', async (_what, command) => {
  world.pass(30);
  await world.register({ username: gw, contacts: contacts(1), ...command });
  await staysHeld({ expiresAt: Math.ceil(world.nowMs / 1000) + 60 });
});

it('stays held where another process starts under its name', async () => {
  world.pass(30);
  const anew = { username: gw, registrationId: 'reg-2', contacts: contacts(2) };
  expect(await world.register(anew)).toMatchObject({ result: 'bindings', fresh: true });
  await staysHeld({ registrationId: 'reg-2' });
});

it.each<[string, () => Promise<unknown>]>([
  ['said goodbye', () => world.unregister({ username: gw })],
  ['was silent for longer than its registration', async () => world.pass(61)],
])('is free where it comes anew after it %s', async (_what, leave) => {
  await leave();
  const anew = { username: gw, registrationId: 'reg-2', contacts: contacts(2) };
  await world.register(anew);
  const item = await world.gateway(gw);
  expect(item).toMatchObject({ state: 'free', freeShard: 'free#0' });
  expect(item).not.toHaveProperty('watchKey');
});

it('stays held where it takes one of its contacts back', async () => {
  await world.register({ username: gw, cseq: 2, contacts: [...contacts(1), ...contacts(2)] });
  await world.unregister({ username: gw, cseq: 3, contacts: contacts(2).map(({ uri }) => uri) });
  await staysHeld();
});
