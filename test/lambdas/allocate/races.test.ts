import { beforeEach, describe, expect, it } from 'vitest';
import { overtakenIn } from '../support/overtaking.ts';
import { contacts, gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';

/* Something happens between a function's look at the table and its write: the write must notice. */

useWorld(oneGateway);

const overtaken = (meanwhile: () => Promise<unknown>, nth?: number) => overtakenIn(world, meanwhile, nth);

describe('an allocation', () => {
  it('is refused where the caller’s CANCEL arrives meanwhile', async () => {
    const cancel = () => world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await overtaken(cancel).allocate({ callId: 'call-1' })).toEqual({
      result: 'refused',
      outcome: 'cancelled',
    });
    expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
  });

  it('does not take a gateway whose registration was replaced meanwhile', async () => {
    const anew = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    const restart = () => world.register({ username: gw, registrationId: 'reg-2', contacts: anew });
    const answer = await overtaken(restart).allocate({ callId: 'call-1' });
    expect(answer).toMatchObject({ result: 'granted', contact: 'sip:anew@10.0.0.7' });
  });

  it('that meets a location that ran out does not sweep it once it is refreshed', async () => {
    world.pass(3601);
    // The first write is the lock that fails, the second the sweep.
    const slow = overtaken(() => world.register({ username: gw, cseq: 2, contacts }), 2);
    await slow.allocate({ callId: 'call-1' });
    expect(await world.gateway(gw)).toMatchObject({ cseq: 2 });
  });

  it('of a later attempt leaves alone the first gateway that another call takes meanwhile', async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.register({ username: managed(2), contacts });
    // Out of the pool for a moment, so that the other call can only take the first gateway.
    const slow = overtaken(() => world.grant({ callId: 'call-2', gateway: gw }));
    const failed = [{ username: gw, cause: 'silent' as const }];
    const answer = await slow.allocate({ callId: 'call-1', attempt: 2, failed });
    expect(answer).toMatchObject({ result: 'granted', username: managed(2) });
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
  });

  it('asked twice at once, the slower one for the next attempt: the first gateway is let go', async () => {
    await world.register({ username: managed(2), contacts });
    await world.register({ username: managed(3), contacts });
    const first = await world.grant({ callId: 'call-1' });
    const failed = [{ username: first.username, cause: 'rejected' as const }];
    const second = { callId: 'call-1', attempt: 2, failed };
    let fast: unknown;
    const slow = overtaken(async () => {
      fast = await world.grant(second);
    });
    expect(await slow.allocate(second)).toEqual(fast);
    const states = await Promise.all([1, 2, 3].map(async (n) => (await world.gateway(managed(n)))?.state));
    expect(states.sort()).toEqual(['free', 'free', 'locked']);
  });
});

describe('a call that waits', () => {
  const cancelled = (callId: string) => world.say({ type: 'call.cancelled', callId, gatewayAnswered: false });
  const anew = { username: managed(2), contacts };
  beforeEach(async () => {
    // The only gateway is taken.
    await world.grant({ callId: 'call-0' });
    await world.pool({ managed: 1 });
    for (const callId of ['call-1', 'call-2']) {
      expect(await world.allocate({ callId })).toMatchObject({ result: 'waiting' });
      world.nowMs += 10;
    }
  });

  it('and gives up as a gateway registers leaves it to the next', async () => {
    const answer = await overtaken(() => cancelled('call-1')).register(anew);
    expect(answer).toMatchObject({ fresh: true, matchedCallId: 'call-2' });
    expect(await world.gateway(managed(2))).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
  });

  it('alone and gives up as a gateway registers leaves it free', async () => {
    await cancelled('call-2');
    const answer = await overtaken(() => cancelled('call-1')).register(anew);
    expect(answer).not.toHaveProperty('matchedCallId');
    expect(await world.gateway(managed(2))).toMatchObject({ state: 'free' });
  });

  it('is matched by one of two gateways that register at once, the next by the other', async () => {
    const third = { username: managed(3), contacts };
    const slow = overtaken(() => world.register(third));
    expect(await slow.register(anew)).toMatchObject({ matchedCallId: 'call-2' });
    expect(await world.gateway(managed(3))).toMatchObject({ lockedBy: 'call-1' });
  });

  it('and gives up as another call hands its gateway on leaves it to the next', async () => {
    const slow = overtaken(() => cancelled('call-1'));
    await slow.say({ type: 'call.cancelled', callId: 'call-0', gatewayAnswered: false });
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
  });

  it('is not entered into the queue where its CANCEL comes first', async () => {
    const slow = overtaken(() => cancelled('call-3'));
    expect(await slow.allocate({ callId: 'call-3' })).toEqual({ result: 'refused', outcome: 'cancelled' });
    expect(await world.waiting()).toEqual(['call-1', 'call-2']);
  });

  it('asks while it is matched: it is granted what it was given, or told so at the next ask', async () => {
    world.pass(5);
    const slow = overtaken(() => world.register(anew));
    const answer = await slow.allocate({ callId: 'call-1' });
    expect(answer).toMatchObject({ result: 'granted', username: managed(2) });
  });

  it('and asks after all is not ended as one whose edge is gone', async () => {
    world.pass(13);
    const slow = overtaken(() => world.allocate({ callId: 'call-1' }));
    await slow.sweep();
    expect(await world.call('call-1')).toMatchObject({ state: 'waiting' });
    expect(await world.call('call-2')).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
  });

  it('is found in an index that lags behind the table only where it still waits', async () => {
    const query = world.table.query;
    const before = await world.waiting();
    await cancelled('call-1');
    const items = before.map((callId, i) => ({ pk: `CALL#${callId}`, watchKey: 'waiting', watchAt: i }));
    world.table.query = async (input) => (input.key[1] === 'waiting' ? { items } : query(input));
    expect(await world.register(anew)).toMatchObject({ matchedCallId: 'call-2' });
  });
});
