import { describe, expect, it } from 'vitest';
import { newWorld, useWorld, world } from '../support/use-world.ts';
import { peer } from '../support/world.ts';
import { freeShards, gw, registerSome } from './support.ts';

useWorld();

describe('a first attempt', () => {
  it('locks a free gateway for the call and says where it is', async () => {
    await registerSome(world, 1);
    expect(await world.allocate({ callId: 'call-1', callerDialogId: 'dialog-1' })).toEqual({
      result: 'granted',
      username: gw(1),
      contact: 'sip:gw@10.0.0.1',
      received: peer,
      gatewayEdgeId: 'edge-1',
      attempt: 1,
      lockedUntil: world.nowMs + world.leaseMs,
    });
    expect(await world.gateway(gw(1))).toMatchObject({
      state: 'locked',
      lockedBy: 'call-1',
      lockedUntil: world.nowMs + world.leaseMs,
      availableAt: world.nowMs + world.leaseMs,
    });
    expect(await world.call('call-1')).toMatchObject({
      state: 'offered',
      gateway: gw(1),
      registrationId: 'reg-1',
      room: '1234',
      callerDialogId: 'dialog-1',
      watchKey: 'calls#edge-1',
    });
  });

  it('asked again gets the same gateway, however many are free', async () => {
    await registerSome(world, 5);
    const first = await world.grant({ callId: 'call-1' });
    for (let i = 0; i < 5; i += 1) expect(await world.allocate({ callId: 'call-1' })).toEqual(first);
    const asked = await Promise.all([1, 2, 3, 4].map(() => world.allocate({ callId: 'call-2' })));
    for (const one of asked) expect(one).toEqual(asked[0]);
  });

  it('asked again gets the same gateway when no other is left', async () => {
    await registerSome(world, 1);
    const first = await world.grant({ callId: 'call-1' });
    expect(await world.allocate({ callId: 'call-1' })).toEqual(first);
  });

  it('asked again after its lock lapsed gets no other and no lapsed one', async () => {
    await registerSome(world, 2, 600);
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    expect(await world.allocate({ callId: 'call-1' })).toEqual({ result: 'refused', outcome: 'no-answer' });
  });

  it('that comes after its own CANCEL locks nothing', async () => {
    await registerSome(world, 1);
    await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await world.allocate({ callId: 'call-1' })).toEqual({ result: 'refused', outcome: 'cancelled' });
    expect((await world.gateway(gw(1)))?.state).toBe('free');
  });

  it('takes a gateway whose lock lapsed unanswered', async () => {
    await registerSome(world, 1, 600);
    await world.grant({ callId: 'call-1' });
    world.pass(120);
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
    world.pass(1);
    expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw(1) });
  });

  it('finds a free gateway in any shard', async () => {
    await newWorld({ freeShards: 5 });
    await registerSome(world, 10);
    const granted = await Promise.all(
      Array.from({ length: 10 }, (_, n) => world.grant({ callId: `call-${n}` })),
    );
    expect(new Set(granted.map((one) => one.username)).size).toBe(10);
    expect(new Set((await freeShards(world)).values()).size).toBeGreaterThan(1);
  });
});

describe('callers at the same moment', () => {
  it('get a gateway each, and none is refused while one is free', async () => {
    await registerSome(world, 40);
    const granted = await Promise.all(
      Array.from({ length: 40 }, (_, n) => world.grant({ callId: `call-${n}` })),
    );
    expect(new Set(granted.map((one) => one.username)).size).toBe(40);
  });

  it('more than there are gateways: the others are told that all are locked', async () => {
    await registerSome(world, 5);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => world.allocate({ callId: `call-${n}` })),
    );
    expect(answers.filter((one) => one.result === 'granted')).toHaveLength(5);
    for (const one of answers.filter((answer) => answer.result !== 'granted')) {
      expect(one).toMatchObject({ outcome: 'pool-exhausted', cause: 'none-free' });
    }
  });
});

describe('a gateway asked for by name', () => {
  it('is the one that is locked', async () => {
    await registerSome(world, 5);
    expect(await world.grant({ callId: 'call-1', gateway: gw(3) })).toMatchObject({ username: gw(3) });
    expect(await world.gateway(gw(3))).toMatchObject({ state: 'locked', lockedBy: 'call-1' });
  });

  it('that is in a call is busy, though others are free; the call that has it gets it again', async () => {
    await registerSome(world, 5);
    const first = await world.grant({ callId: 'call-1', gateway: gw(3) });
    expect(await world.allocate({ callId: 'call-2', gateway: gw(3) })).toEqual({
      result: 'refused',
      outcome: 'busy-everywhere',
    });
    expect(await world.allocate({ callId: 'call-1', gateway: gw(3) })).toEqual(first);
  });

  it('that is not there, or whose registration ran out, is not registered', async () => {
    const refused = { result: 'refused', outcome: 'not-registered' };
    expect(await world.allocate({ callId: 'call-1', gateway: gw(9) })).toEqual(refused);
    await registerSome(world, 1);
    world.pass(61);
    expect(await world.allocate({ callId: 'call-1', gateway: gw(1) })).toEqual(refused);
  });

  it('is given to one of many who ask at once', async () => {
    await registerSome(world, 1);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => world.allocate({ callId: `call-${n}`, gateway: gw(1) })),
    );
    expect(answers.filter((one) => one.result === 'granted')).toHaveLength(1);
  });
});

it('takes gateways of the own edge before those of another, and then those', async () => {
  for (const n of [1, 2, 3, 4, 5, 6]) {
    await world.register({ username: gw(n), edgeId: n % 3 === 0 ? 'edge-1' : 'edge-2' });
  }
  const given = [];
  for (const callId of ['a', 'b', 'c', 'd']) {
    given.push((await world.grant({ callId, edgeId: 'edge-1' })).gatewayEdgeId);
  }
  expect(given).toEqual(['edge-1', 'edge-1', 'edge-2', 'edge-2']);
});

describe('no gateway', () => {
  it('says that none is registered, and writes nothing', async () => {
    expect(await world.allocate({ callId: 'call-1' })).toEqual({
      result: 'refused',
      outcome: 'pool-exhausted',
      cause: 'none-registered',
      retryAfterSec: 30,
    });
    expect(await world.call('call-1')).toBeUndefined();
  });

  it.each(['edge-1', 'edge-2'])('says that all are in a call, seen from %s', async (edgeId) => {
    await registerSome(world, 1);
    await world.hangups();
    await world.grant({ callId: 'call-1' });
    const locked = await world.allocate({ callId: 'call-2', edgeId });
    expect(locked).toMatchObject({ cause: 'none-free', retryAfterSec: 5 });
    await world.say(world.answered('call-1', gw(1)));
    expect(await world.allocate({ callId: 'call-3', edgeId })).toMatchObject({ cause: 'none-free' });
  });
});
