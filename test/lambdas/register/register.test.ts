import { beforeEach, describe, expect, it } from 'vitest';
import type { Item } from '../../../lambdas/store/attributes.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { managed, taskId, World } from '../support/world.ts';

const engine = useTestTable();
let world: World;
beforeEach(async () => {
  world = new World(engine.client, await engine.createTable());
});

const gw = '10.0.0.7.mediagw.1';
const uri = (n: number) => `sip:gw-${n}@10.0.0.7:5060`;

describe('a first REGISTER', () => {
  it('makes a free gateway that can be given from now on', async () => {
    const answer = await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 60 }] });
    expect(answer).toEqual({ result: 'bindings', contacts: [{ uri: uri(1), expiresSec: 60 }], fresh: true });
    expect(await world.gateway(gw)).toMatchObject({
      state: 'free',
      contact: uri(1),
      registrationId: 'reg-1',
      freeShard: 'free#0',
      availableAt: world.nowMs,
      expiresAt: world.nowMs / 1000 + 60,
    });
  });

  it('notes the task that runs the gateway, and none for one that we did not start', async () => {
    await world.register({ username: managed(7) });
    await world.register({ username: gw });
    expect((await world.gateway(managed(7)))?.taskId).toBe(taskId(7));
    expect((await world.gateway(gw))?.taskId).toBeUndefined();
  });

  it('grants a whole term also to one that comes between two seconds', async () => {
    world.nowMs += 900;
    const answer = await world.register({ username: gw });
    expect(answer).toMatchObject({ contacts: [{ expiresSec: 60 }] });
    world.nowMs += 60_000;
    expect(await world.list(gw)).toMatchObject({ contacts: [{ expiresSec: 1 }] });
  });
});

describe('a refresh', () => {
  it('moves the expiry and leaves the place in the pool alone', async () => {
    await world.register({ username: gw });
    const before = await world.gateway(gw);
    world.pass(50);
    const answer = await world.register({ username: gw, cseq: 2 });
    expect(answer).toMatchObject({ fresh: false, contacts: [{ expiresSec: 60 }] });
    const after = await world.gateway(gw);
    expect(after?.expiresAt).toBe((before?.expiresAt ?? 0) + 50);
    expect(after?.availableAt).toBe(before?.availableAt);
  });

  it.each(['locked', 'busy'] as const)('leaves a gateway %s', async (state) => {
    await world.register({ username: gw });
    await world.grant({ callId: 'call-1' });
    if (state === 'busy') await answer('call-1');
    const before = await world.gateway(gw);
    world.pass(50);
    await world.register({ username: gw, cseq: 2 });
    const { lockedBy, lockedUntil } = before ?? {};
    const { availableAt, freeShard }: Item = before ?? {};
    expect(await world.gateway(gw)).toMatchObject({ state, lockedBy });
    expect(await world.gateway(gw)).toEqual(
      expect.objectContaining(state === 'locked' ? { lockedUntil, availableAt, freeShard } : {}),
    );
    expect((await world.gateway(gw))?.freeShard).toBe(state === 'busy' ? undefined : freeShard);
  });

  it('ends a lock that lapsed', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 600 }] });
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.register({ username: gw, cseq: 2, contacts: [{ uri: uri(1), expiresSec: 600 }] });
    const after = await world.gateway(gw);
    expect(after).toMatchObject({ state: 'free', availableAt: world.nowMs });
    expect(after?.lockedBy).toBeUndefined();
  });

  it('brings a silent gateway back into the pool', async () => {
    await world.register({ username: gw });
    await world.grant({ callId: 'call-1' });
    const silent = { username: gw, cause: 'silent' as const };
    await world.say({ type: 'call.failed', callId: 'call-1', outcome: 'no-answer', failed: [silent] });
    expect((await world.gateway(gw))?.state).toBe('silent');
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
    await world.register({ username: gw, cseq: 2 });
    expect(await world.grant({ callId: 'call-3' })).toMatchObject({ username: gw });
  });

  it('from another port or through another edge is where the next call goes', async () => {
    await world.register({ username: gw });
    const received = { address: '10.0.0.7', port: 41_000, protocol: 'tcp' as const };
    const answer = await world.register({ username: gw, cseq: 2, received, edgeId: 'edge-2' });
    expect(answer).toMatchObject({ fresh: false });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ received, gatewayEdgeId: 'edge-2' });
  });

  it('from another port keeps the lock', async () => {
    await world.register({ username: gw });
    await world.grant({ callId: 'call-1' });
    await world.register({
      username: gw,
      cseq: 2,
      received: { address: '10.0.0.7', port: 9, protocol: 'tcp' },
    });
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-1' });
  });
});

describe('order (RFC 3261 10.3 step 7)', () => {
  it('answers a retransmission like the first time, without a write', async () => {
    const first = await world.register({ username: gw, cseq: 5 });
    const before = await world.gateway(gw);
    expect(await world.register({ username: gw, cseq: 5 })).toEqual(first);
    expect(await world.gateway(gw)).toEqual(before);
    await world.register({ username: gw, cseq: 6 });
    expect(await world.register({ username: gw, cseq: 6 })).toMatchObject({ fresh: false });
  });

  it('refuses a lower CSeq, and the same one with other contacts', async () => {
    await world.register({ username: gw, cseq: 5 });
    const refused = { result: 'refused', reason: 'out-of-order' };
    expect(await world.register({ username: gw, cseq: 4 })).toEqual(refused);
    const contacts = [{ uri: 'sip:other@host', expiresSec: 60 }];
    expect(await world.register({ username: gw, cseq: 5, contacts })).toEqual(refused);
  });

  it('counts a registration that ran out as none', async () => {
    await world.register({ username: gw, cseq: 5 });
    world.pass(61);
    expect(await world.list(gw)).toMatchObject({ contacts: [] });
    expect(await world.register({ username: gw, cseq: 1 })).toMatchObject({ fresh: true });
  });
});

describe('several contacts', () => {
  const three = [
    { uri: uri(1), expiresSec: 60, q: 0.3 },
    { uri: uri(2), expiresSec: 300, q: 0.9 },
    { uri: uri(3), expiresSec: 100, q: 0.1 },
  ];

  it('are all held, each with its own expiry, and the highest q is called', async () => {
    expect(await world.register({ username: gw, contacts: three })).toMatchObject({ contacts: three });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ contact: uri(2) });
    world.pass(90);
    expect(await world.list(gw)).toMatchObject({
      contacts: [
        { uri: uri(2), expiresSec: 210 },
        { uri: uri(3), expiresSec: 10 },
      ],
    });
  });

  it('of the same q: the newest is called', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 60 }] });
    world.pass(1);
    await world.register({ username: gw, cseq: 2, contacts: [{ uri: uri(2), expiresSec: 60 }] });
    expect(await world.list(gw)).toMatchObject({ contacts: [{ uri: uri(1) }, { uri: uri(2) }] });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ contact: uri(2) });
  });

  it('come and go one by one; with the last the location is gone', async () => {
    await world.register({ username: gw, contacts: three });
    await world.register({ username: gw, cseq: 2, contacts: [{ uri: uri(2), expiresSec: 0 }] });
    expect(await world.list(gw)).toMatchObject({ contacts: [{ uri: uri(1) }, { uri: uri(3) }] });
    const all = [uri(1), uri(3)].map((one) => ({ uri: one, expiresSec: 0 }));
    expect(await world.register({ username: gw, cseq: 3, contacts: all })).toMatchObject({ contacts: [] });
    expect(await world.gateway(gw)).toBeUndefined();
  });

  it('are refused beyond ten', async () => {
    const ten = Array.from({ length: 10 }, (_, n) => ({ uri: uri(n), expiresSec: 60 }));
    await world.register({ username: gw, contacts: ten });
    const contacts = [{ uri: uri(10), expiresSec: 60 }];
    const refused = { result: 'refused', reason: 'too-many-contacts' };
    expect(await world.register({ username: gw, cseq: 2, contacts })).toEqual(refused);
    expect((await world.list(gw)).result === 'bindings' && (await world.gateway(gw))?.contacts.length).toBe(
      10,
    );
  });
});

describe('another Call-ID', () => {
  it('from the same contact is the same gateway: it keeps its lock', async () => {
    await world.register({ username: gw });
    await world.grant({ callId: 'call-1' });
    const answer = await world.register({ username: gw, registrationId: 'reg-2', cseq: 1 });
    expect(answer).toMatchObject({ fresh: false });
    expect(answer).not.toHaveProperty('lostCallId');
    expect(await world.gateway(gw)).toMatchObject({
      registrationId: 'reg-2',
      state: 'locked',
      lockedBy: 'call-1',
    });
  });

  it('from another contact is a gateway started anew: one row, free, and its call is told lost', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 60 }] });
    await world.grant({ callId: 'call-1' });
    await answer('call-1');
    const anew = { username: gw, registrationId: 'reg-2', contacts: [{ uri: uri(2), expiresSec: 60 }] };
    const told = await world.register(anew);
    expect(told).toEqual({
      result: 'bindings',
      contacts: [{ uri: uri(2), expiresSec: 60 }],
      fresh: true,
      lostCallId: 'call-1',
    });
    // The reply may be lost: whoever asks again is told again.
    expect(await world.register(anew)).toEqual(told);
    expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw, contact: uri(2) });
  });

  it('tells of a lost call also where the registration that held it ran out', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 60 }] });
    await world.grant({ callId: 'call-1' });
    world.pass(70);
    const contacts = [{ uri: uri(2), expiresSec: 60 }];
    const told = await world.register({ username: gw, registrationId: 'reg-2', contacts });
    expect(told).toMatchObject({ fresh: true, lostCallId: 'call-1' });
  });

  it('does not tell a call lost whose lock had lapsed', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 600 }] });
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    const contacts = [{ uri: uri(2), expiresSec: 60 }];
    const told = await world.register({ username: gw, registrationId: 'reg-2', contacts });
    expect(told).not.toHaveProperty('lostCallId');
  });
});

it('a registration that ran out during its call comes back with its lock', async () => {
  await world.register({ username: gw });
  await world.grant({ callId: 'call-1' });
  await answer('call-1');
  world.pass(300);
  const told = await world.register({ username: gw, cseq: 2 });
  expect(told).toMatchObject({ fresh: true });
  expect(told).not.toHaveProperty('lostCallId');
  expect(await world.gateway(gw)).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
});

describe('after its call', () => {
  beforeEach(async () => {
    await world.register({ username: gw });
    await world.grant({ callId: 'call-1' });
    await answer('call-1');
    await world.say(world.ended('call-1', gw));
  });

  it('a late refresh is refused, until the tombstone is over', async () => {
    const refused = { result: 'refused', reason: 'call-over' };
    expect(await world.register({ username: gw, cseq: 2 })).toEqual(refused);
    expect(await world.gateway(gw)).toBeUndefined();
    world.pass(599);
    expect(await world.register({ username: gw, cseq: 3 })).toEqual(refused);
    world.pass(2);
    expect(await world.register({ username: gw, cseq: 4 })).toMatchObject({ fresh: true });
  });

  it('the same name registering anew is welcome', async () => {
    const answer = await world.register({ username: gw, registrationId: 'reg-2' });
    expect(answer).toMatchObject({ result: 'bindings', fresh: true });
  });

  it('the goodbye of the old one does not remove the new one', async () => {
    await world.register({ username: gw, registrationId: 'reg-2' });
    expect(await world.unregister({ username: gw, registrationId: 'reg-1', cseq: 9 })).toMatchObject({
      contacts: [{ expiresSec: 60 }],
    });
    expect(await world.gateway(gw)).toMatchObject({ registrationId: 'reg-2', state: 'free' });
  });
});

describe('un-REGISTER', () => {
  it('removes the location, once and again', async () => {
    await world.register({ username: gw });
    const gone = { result: 'bindings', contacts: [], fresh: false };
    expect(await world.unregister({ username: gw, cseq: 2 })).toEqual(gone);
    expect(await world.gateway(gw)).toBeUndefined();
    expect(await world.unregister({ username: gw, cseq: 2 })).toEqual(gone);
  });

  it('removes only the contacts it names', async () => {
    const contacts = [1, 2].map((n) => ({ uri: uri(n), expiresSec: 60 }));
    await world.register({ username: gw, contacts });
    const left = { result: 'bindings', contacts: [{ uri: uri(1), expiresSec: 60 }], fresh: false };
    const command = { username: gw, cseq: 2, contacts: [uri(2)] };
    expect(await world.unregister(command)).toEqual(left);
    expect(await world.unregister(command)).toEqual(left);
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ contact: uri(1) });
  });

  it('that is older than what is held is refused', async () => {
    await world.register({ username: gw, cseq: 5 });
    const refused = { result: 'refused', reason: 'out-of-order' };
    expect(await world.unregister({ username: gw, cseq: 4 })).toEqual(refused);
    expect(await world.unregister({ username: gw, cseq: 5 })).toEqual(refused);
    expect(await world.gateway(gw)).toBeDefined();
  });

  it('in a call removes the location; the call lives on until its end is told', async () => {
    await world.register({ username: managed(1) });
    await world.grant({ callId: 'call-1' });
    await answer('call-1', managed(1));
    await world.unregister({ username: managed(1), cseq: 2 });
    expect(await world.gateway(managed(1))).toBeUndefined();
    expect(await world.call('call-1')).toMatchObject({ state: 'answered' });
    await world.say(world.ended('call-1', managed(1), { by: 'gateway' }));
    expect(world.stopped).toEqual([taskId(1)]);
    expect(await world.register({ username: managed(1), cseq: 3 })).toMatchObject({ reason: 'call-over' });
  });

  it('under another Call-ID removes the contact too (RFC 3261 10.3 step 6)', async () => {
    await world.register({ username: gw });
    expect(await world.unregister({ username: gw, registrationId: 'reg-9', cseq: 1 })).toMatchObject({
      contacts: [],
    });
  });
});

it('many at once, in any order, leave the latest', async () => {
  await world.register({ username: gw, cseq: 1 });
  const answers = await Promise.all(
    [4, 2, 6, 3, 5].map((cseq) =>
      world.register({ username: gw, cseq, contacts: [{ uri: uri(cseq % 2), expiresSec: 60 }] }),
    ),
  );
  expect(answers.filter((one) => one.result === 'bindings').length).toBeGreaterThan(0);
  expect(await world.gateway(gw)).toMatchObject({ cseq: 6, state: 'free' });
});

async function answer(callId: string, gateway = gw): Promise<void> {
  await world.say(world.answered(callId, gateway));
}
