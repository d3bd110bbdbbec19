import { describe, expect, it } from 'vitest';
import { endedCallsWatchKey } from '../../../lambdas/store/keys.ts';
import { gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { taskId } from '../support/world.ts';

useWorld(oneGateway);

const answered = (callId = 'call-1') => world.answered(callId, gw);
const ended = (callId = 'call-1') => world.ended(callId, gw);

describe('call.answered', () => {
  it('makes the gateway the call’s own, out of the pool, without an end', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    const busy = await world.gateway(gw);
    expect(busy).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
    for (const gone of ['lockedUntil', 'freeShard', 'availableAt']) expect(busy).not.toHaveProperty(gone);
    world.pass(500);
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
    expect(await world.call('call-1')).toMatchObject({
      state: 'answered',
      callerDialogId: 'call-1-a',
      gatewayDialogId: 'call-1-b',
    });
  });

  it('that comes after the lock lapsed does not take the gateway from the next call', async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.grant({ callId: 'call-2' });
    await world.say(answered('call-1'));
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
    await world.say(ended('call-1'));
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
    expect(world.stopped).toEqual([]);
    expect(await world.tombstone(gw)).toBeUndefined();
  });

  it('that comes after the lock lapsed takes the gateway where nobody else has', async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.register({ username: gw, cseq: 2, contacts: [{ uri: 'sip:gw@10.0.0.7', expiresSec: 600 }] });
    expect((await world.gateway(gw))?.state).toBe('free');
    await world.say(answered('call-1'));
    expect(await world.gateway(gw)).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
  });
});

describe('call.ended', () => {
  it('deletes the location, leaves a tombstone, stops the task and closes the record', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    world.pass(30);
    await world.say(ended());
    expect(await world.gateway(gw)).toBeUndefined();
    expect(await world.tombstone(gw)).toMatchObject({ expiresAt: world.nowMs / 1000 + 600 });
    expect(world.stopped).toEqual([taskId(1)]);
    const call = await world.call('call-1');
    expect(call).toMatchObject({
      state: 'ended',
      outcome: 'answered',
      endedBy: 'caller',
      endedAt: world.nowMs,
    });
    // Where people find it, and the sweep does not look.
    expect(call).toMatchObject({ watchKey: endedCallsWatchKey(world.nowMs, false), watchAt: world.nowMs });
    expect(call?.expiresAt).toBe(world.nowMs / 1000 + 30 * 86_400);
  });

  it('returns the gateway to the pool where gateways are used again', async () => {
    await oneGateway('reuse');
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    await world.say(ended());
    expect(await world.gateway(gw)).toMatchObject({ state: 'free', availableAt: world.nowMs });
    expect(world.stopped).toEqual([]);
    expect(await world.tombstone(gw)).toBeUndefined();
    expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw });
  });

  it('stops a gateway that has un-REGISTERed already, and refuses its late refresh', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    await world.unregister({ username: gw });
    await world.say(ended());
    expect(world.stopped).toEqual([taskId(1)]);
    expect(await world.register({ username: gw, cseq: 101 })).toMatchObject({ reason: 'call-over' });
  });

  it('does not stop a gateway that started anew in the same task', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    const contacts = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    await world.register({ username: gw, registrationId: 'reg-2', contacts });
    await world.say(ended());
    expect(world.stopped).toEqual([]);
    expect(await world.gateway(gw)).toMatchObject({ state: 'free', registrationId: 'reg-2' });
    expect(await world.register({ username: gw, cseq: 2 })).toMatchObject({ reason: 'call-over' });
  });

  it('refuses the late refresh under the Call-ID that the gateway has changed to', async () => {
    await world.grant({ callId: 'call-1' });
    const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 60 }];
    await world.register({ username: gw, registrationId: 'reg-2', contacts });
    await world.say(ended());
    expect(await world.gateway(gw)).toBeUndefined();
    expect(await world.register({ username: gw, registrationId: 'reg-2', cseq: 2, contacts })).toMatchObject({
      reason: 'call-over',
    });
  });

  it('stops the task at the second delivery where ECS failed at the first', async () => {
    await world.grant({ callId: 'call-1' });
    const fact = ended();
    const { stopTask } = world.deps;
    world.deps.stopTask = async () => {
      throw new Error('throttled');
    };
    await expect(world.say(fact)).rejects.toThrow('throttled');
    world.deps.stopTask = stopTask;
    await world.say(fact);
    expect(world.stopped).toEqual([taskId(1)]);
  });
});

describe('call.failed', () => {
  it.each([
    ['rejected', 'free'],
    ['silent', 'silent'],
  ] as const)('%s: the gateway is %s', async (cause, state) => {
    await world.grant({ callId: 'call-1' });
    const failed = [{ username: gw, cause }];
    await world.say({
      type: 'call.failed',
      callId: 'call-1',
      outcome: 'gateway-failed',
      gateway: gw,
      failed,
    });
    const gateway = await world.gateway(gw);
    expect(gateway?.state).toBe(state);
    expect(gateway).not.toHaveProperty('lockedBy');
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'gateway-failed' });
    expect(world.stopped).toEqual([]);
  });

  it('of a call that never got a gateway makes its record', async () => {
    const caller = {
      uri: 'sip:a@b',
      received: { address: '10.1.1.1', port: 5060, protocol: 'udp' as const },
    };
    await world.say({
      type: 'call.failed',
      callId: 'call-9',
      outcome: 'pool-exhausted',
      room: '77',
      caller,
      failed: [],
    });
    expect(await world.call('call-9')).toMatchObject({
      state: 'ended',
      outcome: 'pool-exhausted',
      room: '77',
      caller,
      endedAt: world.nowMs,
    });
  });

  it('does not release a gateway that is another call’s by now', async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.grant({ callId: 'call-2' });
    const failed = [{ username: gw, cause: 'silent' as const }];
    await world.say({ type: 'call.failed', callId: 'call-1', outcome: 'no-answer', gateway: gw, failed });
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
  });
});

describe('call.cancelled', () => {
  it('before the answer gives the gateway back', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say({ type: 'call.cancelled', callId: 'call-1', gateway: gw, gatewayAnswered: false });
    expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
    expect(await world.call('call-1')).toMatchObject({ outcome: 'cancelled' });
  });

  it('that knows of no gateway gives back the one that a lost answer had locked', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
  });

  it('that crossed the answer ends the gateway as after a call', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say({ type: 'call.cancelled', callId: 'call-1', gateway: gw, gatewayAnswered: true });
    expect(await world.gateway(gw)).toBeUndefined();
    expect(world.stopped).toEqual([taskId(1)]);
  });
});
