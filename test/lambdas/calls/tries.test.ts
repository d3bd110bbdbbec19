import { describe, expect, it } from 'vitest';
import { pathIdOf } from '../../../lambdas/domain/views.ts';
import { get } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';

/*
 * The same Call-ID more than once: RFC 3263 4.3 (the other edge, after 503 or silence), RFC 3261 21.5.4 (the same one
 * again, after Retry-After), a fork, a client that reuses its Call-IDs. Each is a call of its own.
 */

useWorld();

const callId = 'c1';
const gw = managed(1);
const first = { callId, edgeId: 'edge-1', traceId: '1-67e00000-000000000000000000000001' };
const again = { callId, edgeId: 'edge-1', traceId: '1-67e00003-000000000000000000000002' };
const elsewhere = { callId, edgeId: 'edge-2', traceId: '1-67e00003-000000000000000000000003' };

const register = (n = 1, more = {}) =>
  world.register({
    username: managed(n),
    contacts: [{ uri: `sip:gw${n}@10.0.0.7`, expiresSec: 3600 }],
    ...more,
  });
const answered = (call: typeof first, gateway: string) =>
  world.answered(callId, gateway, { ...call, receivedAt: world.nowMs - 300 });
const unavailable = (call: typeof first) =>
  world.fact({ type: 'call.failed', ...call, outcome: 'control-plane-unavailable', failed: [], room: '1' });

describe.each([
  ['at the other edge', elsewhere],
  ['at the same edge', again],
])('a caller whose first try got no answer tries %s', (_where, second) => {
  it('gets a gateway that no late word of the first try takes away', async () => {
    await register(1);
    await register(2);
    const lost = await world.grant(first);
    world.pass(2.5);
    const late = unavailable(first);
    world.pass(0.1);
    const { username } = await world.grant(second);
    expect(username).not.toBe(lost.username);
    world.pass(1);
    await world.say(answered(second, username));
    await world.say(late);
    expect(await world.gateway(username)).toMatchObject({ state: 'busy' });
    expect(await world.gateway(lost.username)).toMatchObject({ state: 'free' });
    expect(await world.call(callId, second.traceId)).toMatchObject({ state: 'answered', ...second });
    // The next caller gets what the first try had, and the one after nothing.
    expect(await world.grant({ callId: 'c2' })).toMatchObject({ username: lost.username });
    expect(await world.allocate({ callId: 'c3' })).toMatchObject({ result: 'refused' });
  });

  it('gets the gateway of the first try, once that has let it go', async () => {
    await register();
    await world.grant(first);
    expect(await world.allocate(second)).toMatchObject({ result: 'refused', outcome: 'pool-exhausted' });
    await world.say(unavailable(first));
    expect(await world.grant({ ...second, traceId: '1-67e00009-000000000000000000000004' })).toMatchObject({
      username: gw,
    });
  });

  it('holds it whatever becomes of the first edge', async () => {
    await register(1);
    await register(2);
    await world.hangups('edge-1');
    await world.grant(first);
    world.pass(2);
    const { username } = await world.grant({ ...second, edgeId: 'edge-2' });
    await world.say(answered({ ...second, edgeId: 'edge-2' }, username));
    for (let minutes = 0; minutes < 3; minutes += 1) {
      world.pass(60);
      await world.hangups('edge-2');
      await world.sweep();
    }
    expect(await world.call(callId, second.traceId)).toMatchObject({ state: 'answered' });
    expect(await world.call(callId, first.traceId)).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
    expect(await world.gateway(username)).toMatchObject({ state: 'busy' });
  });
});

it('the edge that holds the call finds it after a restart, and the other does not', async () => {
  await register(1);
  await register(2);
  await world.grant(first);
  const { username } = await world.grant(elsewhere);
  await world.say(answered(elsewhere, username));
  await world.say(unavailable(first));
  expect(await world.edgeCalls('edge-1')).toEqual({ calls: [] });
  expect(await world.edgeCalls('edge-2')).toMatchObject({
    calls: [{ callId, traceId: elsewhere.traceId, gateway: username, state: 'answered' }],
  });
});

it('the edge that holds the call is told that its gateway has stopped', async () => {
  await register(1);
  await register(2);
  await world.grant(first);
  const { username } = await world.grant(elsewhere);
  await world.say(answered(elsewhere, username));
  await world.lose(username);
  expect(await world.hangups('edge-1')).toEqual({ hangups: [] });
  expect(await world.hangups('edge-2')).toEqual({
    hangups: [{ callId, traceId: elsewhere.traceId, gateway: username }],
  });
});

it('a forked INVITE is two calls, each with a gateway of its own', async () => {
  await register(1);
  await register(2);
  const [one, other] = [await world.grant(first), await world.grant(elsewhere)];
  await world.say(answered(first, one.username));
  await world.say(answered(elsewhere, other.username));
  const end = { type: 'call.ended', by: 'caller', outcome: 'answered' } as const;
  await world.say({ ...end, ...first, gateway: one.username });
  expect(await world.gateway(one.username)).toBeUndefined();
  expect(await world.gateway(other.username)).toMatchObject({ state: 'busy' });
  expect(await world.call(callId, elsewhere.traceId)).toMatchObject({ state: 'answered' });
});

describe('a try after the first is over', () => {
  it.each(['refused', 'cancelled', 'failed', 'ended'] as const)('(%s) is served', async (how) => {
    if (how !== 'refused') await register();
    await world.allocate(first);
    const gateway = how === 'refused' ? {} : { gateway: gw };
    if (how === 'refused') {
      await world.say({ type: 'call.failed', ...first, outcome: 'pool-exhausted', failed: [] });
    }
    if (how === 'cancelled') {
      await world.say({ type: 'call.cancelled', ...first, ...gateway, gatewayAnswered: false });
    }
    if (how === 'failed') {
      const failed = [{ username: gw, cause: 'rejected' as const, status: 488 }];
      await world.say({ type: 'call.failed', ...first, ...gateway, outcome: 'gateway-failed', failed });
    }
    if (how === 'ended') {
      await world.say(answered(first, gw));
      await world.say(world.ended(callId, gw, first));
    }
    world.pass(60);
    await register(2);
    expect(await world.allocate(again)).toMatchObject({ result: 'granted' });
  });
});

it('waits in a place of its own', async () => {
  await world.pool();
  await world.allocate(first);
  world.pass(1);
  await world.allocate({ callId: 'c2' });
  world.pass(1);
  await world.allocate(again);
  expect(await world.waiting()).toEqual([`${callId}#${first.traceId}`, 'c2', `${callId}#${again.traceId}`]);
  expect(await register()).toMatchObject({ matchedCallId: callId, matchedTraceId: first.traceId });
  expect(await world.grant(first)).toMatchObject({ username: gw });
  expect(await world.allocate(again)).toMatchObject({ result: 'waiting', ahead: 1 });
});

it("shows all tries in one person's history, the newest first", async () => {
  await world.allocate(first);
  await world.say({ type: 'call.failed', ...first, outcome: 'pool-exhausted', failed: [] });
  world.pass(30);
  await register();
  await world.grant(elsewhere);
  expect(await get(`/calls/${pathIdOf(elsewhere)}`)).toMatchObject({
    traceId: elsewhere.traceId,
    edgeId: 'edge-2',
    state: 'offered',
    otherTries: [{ traceId: first.traceId, edgeId: 'edge-1', outcome: 'pool-exhausted' }],
  });
});

describe('a gateway that starts anew in mid-call and registers at the other edge', () => {
  const anew = () =>
    register(1, {
      registrationId: 'reg-2',
      edgeId: 'edge-2',
      contacts: [{ uri: 'sip:new@10.0.0.8', expiresSec: 600 }],
    });

  it("has the call's own edge told to hang up, once", async () => {
    await register(1, { edgeId: 'edge-1' });
    await world.grant(first);
    await world.say(answered(first, gw));
    expect(await anew()).toMatchObject({ lostCallId: callId, lostTraceId: first.traceId });
    const lost = {
      type: 'gateway.lost',
      ...first,
      edgeId: 'edge-2',
      username: gw,
      cause: 'registered anew',
    } as const;
    await world.say(lost);
    expect(await world.call(callId, first.traceId)).toMatchObject({
      outcome: 'gateway-lost',
      edgeId: 'edge-1',
    });
    expect(await world.hangups('edge-1')).toEqual({
      hangups: [{ callId, traceId: first.traceId, gateway: gw }],
    });
    expect(await world.hangups('edge-2')).toEqual({ hangups: [] });
    expect(await world.gateway(gw)).toMatchObject({ state: 'free', registrationId: 'reg-2' });
  });

  it('is not told to an edge that knows', async () => {
    await register(1, { edgeId: 'edge-1' });
    await world.grant(first);
    await world.say(answered(first, gw));
    await anew();
    await world.say({ type: 'gateway.lost', ...first, username: gw, cause: 'registered anew' });
    expect(await world.hangups('edge-1')).toEqual({ hangups: [] });
  });
});
