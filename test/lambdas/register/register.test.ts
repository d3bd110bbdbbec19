import { describe, expect, it } from 'vitest';
import type { Item } from '../../../lambdas/store/attributes.ts';
import { useWorld, world } from '../support/use-world.ts';
import { managed, taskId } from '../support/world.ts';

useWorld();

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
    if (state === 'busy') await world.say(world.answered('call-1', gw));
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

  it('answers it like the first time also where the registration had run out in a call', async () => {
    await world.register({ username: gw, cseq: 5 });
    await world.grant({ callId: 'call-1' });
    world.pass(61);
    const first = await world.register({ username: gw, cseq: 6 });
    expect(first).not.toHaveProperty('matchedCallId');
    expect(await world.register({ username: gw, cseq: 6 })).toEqual(first);
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
