import { beforeEach, describe, expect, it } from 'vitest';
import { newWorld, useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';
import { wait } from './support.ts';

/* Who is served next of the calls that wait. */

useWorld();

const ask = (callId: string) => world.allocate({ callId });

describe('the queue', () => {
  it('holds no more than there are gateways to come: of 100 calls at once 10 are served, 50 wait, 40 are refused', async () => {
    for (let n = 1; n <= 10; n += 1) await world.register({ username: managed(n) });
    await world.pool({ managed: 10, maximum: 60 });
    const calls = Array.from({ length: 100 }, (_, n) => `call-${n}`);
    const first = await Promise.all(calls.map(ask));
    expect(first.filter(({ result }) => result === 'granted')).toHaveLength(10);
    // Those that came at the same moment did not see each other: their next ask does.
    world.pass(1);
    await world.pool({ managed: 60, maximum: 60, starting: 50, estimateSec: 60 });
    const waiting = calls.filter((_, n) => first[n]?.result === 'waiting');
    const second = await Promise.all(waiting.map(ask));
    for (const [n, answer] of second.entries()) {
      if (answer.result !== 'refused') continue;
      expect(answer).toMatchObject({ outcome: 'pool-exhausted', cause: 'none-free', retryAfterSec: 5 });
      const callId = waiting[n] as string;
      await world.say({ type: 'call.failed', callId, outcome: 'pool-exhausted', failed: [] });
    }
    expect(second.filter(({ result }) => result === 'waiting')).toHaveLength(50);
    expect(await world.waiting()).toHaveLength(50);
  });

  it('serves in order as gateways register, each the one that waits longest', async () => {
    await world.pool();
    await wait(world, 'call-1', 'call-2', 'call-3');
    for (const n of [1, 2, 3]) {
      const answer = await world.register({ username: managed(n) });
      expect(answer).toMatchObject({ fresh: true, matchedCallId: `call-${n}` });
      const lock = { state: 'locked', lockedBy: `call-${n}`, lockedUntil: world.nowMs + world.leaseMs };
      expect(await world.gateway(managed(n))).toMatchObject(lock);
      expect(await ask(`call-${n}`)).toMatchObject({ result: 'granted', username: managed(n), attempt: 1 });
    }
    expect(await world.waiting()).toEqual([]);
    expect(await world.register({ username: managed(4) })).not.toHaveProperty('matchedCallId');
  });

  it('a retransmitted REGISTER is answered as the first', async () => {
    await world.pool();
    await wait(world, 'call-1');
    const first = await world.register({ username: managed(1) });
    expect(await world.register({ username: managed(1) })).toEqual(first);
  });

  it('serves in order as calls give their gateways back', async () => {
    await newWorld({ afterCall: 'reuse' });
    await world.register({ username: managed(1) });
    await world.grant({ callId: 'call-0' });
    await world.say(world.answered('call-0', managed(1)));
    await world.pool({ managed: 1 });
    await wait(world, 'call-1', 'call-2');
    const ends = { type: 'call.ended', gateway: managed(1), by: 'caller', outcome: 'answered' } as const;
    await world.say({ ...ends, callId: 'call-0' });
    expect(await world.gateway(managed(1))).toMatchObject({ state: 'locked', lockedBy: 'call-1' });
    expect(await ask('call-2')).toMatchObject({ result: 'waiting', ahead: 0 });
    expect(await ask('call-1')).toMatchObject({ result: 'granted', username: managed(1) });
    // One that gives up gives on as well.
    await world.say({
      type: 'call.cancelled',
      callId: 'call-1',
      gateway: managed(1),
      gatewayAnswered: false,
    });
    expect(await ask('call-2')).toMatchObject({ result: 'granted', username: managed(1) });
  });

  describe('and a gateway that has become free without anybody telling those that wait', () => {
    /** Its lock has lapsed a moment ago, and two calls wait. */
    beforeEach(async () => {
      await world.register({
        username: managed(1),
        contacts: [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }],
      });
      await world.grant({ callId: 'call-0' });
      world.pass(115);
      await world.pool({ managed: 1 });
      await wait(world, 'call-1', 'call-2');
      world.pass(6);
    });
    const locked = (callId: string) => ({ state: 'locked', lockedBy: callId });

    it('the first takes it', async () => {
      expect(await ask('call-1')).toMatchObject({ result: 'granted', username: managed(1) });
    });

    it('the second hands it to the first', async () => {
      expect(await ask('call-2')).toMatchObject({ result: 'waiting', ahead: 0 });
      expect(await world.gateway(managed(1))).toMatchObject(locked('call-1'));
      expect(await ask('call-1')).toMatchObject({ result: 'granted', username: managed(1) });
    });

    it('a newcomer does not overtake: it hands it to the first, and waits itself', async () => {
      expect(await ask('call-3')).toMatchObject({ result: 'waiting', ahead: 1 });
      expect(await world.gateway(managed(1))).toMatchObject(locked('call-1'));
      expect(await world.waiting()).toEqual(['call-2', 'call-3']);
    });

    it('many newcomers at once do not overtake either', async () => {
      const newcomers = Array.from({ length: 10 }, (_, n) => `newcomer-${n}`);
      const answers = await Promise.all(newcomers.map(ask));
      expect(answers.map(({ result }) => result)).toEqual(newcomers.map(() => 'waiting'));
      expect(await world.gateway(managed(1))).toMatchObject(locked('call-1'));
    });
  });

  it('a call whose edge has stopped asking is passed over, and ended', async () => {
    await world.pool();
    await wait(world, 'call-1', 'call-2');
    world.pass(8);
    await ask('call-2');
    world.pass(8);
    await world.pool();
    expect(await world.register({ username: managed(1) })).toMatchObject({ matchedCallId: 'call-2' });
    await world.sweep();
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
    expect(world.measured).toContainEqual(expect.objectContaining({ name: 'Calls', outcome: 'edge-lost' }));
    expect(await world.waiting()).toEqual([]);
  });

  it('many calls of a lost edge do not hold up those behind them', async () => {
    await world.pool();
    await wait(world, ...Array.from({ length: 40 }, (_, n) => `lost-${n}`));
    world.pass(13);
    await world.pool();
    await wait(world, 'call-1');
    expect(await world.register({ username: managed(1) })).toMatchObject({ matchedCallId: 'call-1' });
  });
});

describe('a later attempt', () => {
  it('waits as well, lets the gateway that failed go, and is served before those who came after it', async () => {
    await world.register({ username: managed(1) });
    await world.grant({ callId: 'call-1' });
    await world.pool({ managed: 1 });
    const failed = [{ username: managed(1), cause: 'silent' as const }];
    const again = { callId: 'call-1', attempt: 2, failed };
    expect(await world.allocate(again)).toMatchObject({ result: 'waiting' });
    expect(await world.gateway(managed(1))).toMatchObject({ state: 'silent' });
    world.nowMs += 10;
    await wait(world, 'call-2');
    await world.register({ username: managed(2) });
    expect(await world.allocate(again)).toMatchObject({
      result: 'granted',
      username: managed(2),
      attempt: 2,
    });
    expect(await world.call('call-1')).toMatchObject({ attempts: [{ cause: 'silent' }, { attempt: 2 }] });
  });

  it('does not get the gateway that failed it: the next in line does', async () => {
    await world.register({ username: managed(1) });
    await world.grant({ callId: 'call-1' });
    await world.pool({ managed: 1 });
    const failed = [{ username: managed(1), cause: 'silent' as const }];
    await world.allocate({ callId: 'call-1', attempt: 2, failed });
    world.nowMs += 10;
    await wait(world, 'call-2');
    // The silent gateway starts anew.
    const contacts = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    const answer = await world.register({ username: managed(1), registrationId: 'reg-2', contacts });
    expect(answer).toMatchObject({ matchedCallId: 'call-2' });
  });
});

describe('twenty calls that wait', () => {
  const calls = Array.from({ length: 20 }, (_, n) => `call-${String(n).padStart(2, '0')}`);
  const gateways = Array.from({ length: 20 }, (_, n) => managed(n + 1));
  beforeEach(async () => {
    await world.pool();
    await wait(world, ...calls);
  });

  it('are served in their order as gateways register one by one, while all of them and newcomers ask', async () => {
    const order: string[] = [];
    const newcomers: string[] = [];
    for (const username of gateways) {
      const newcomer = `newcomer-${username}`;
      newcomers.push(newcomer);
      const others = [...calls, ...newcomers].filter((one) => !order.includes(one));
      const [answer] = await Promise.all([world.register({ username }), ...others.map(ask)]);
      const { lockedBy } = (await world.gateway(username)) ?? {};
      expect([undefined, lockedBy]).toContain(
        answer.result === 'bindings' ? answer.matchedCallId : 'refused',
      );
      if (lockedBy !== undefined) order.push(lockedBy);
      world.pass(1);
    }
    // Where the registration and all the asks fell together, the next ask of the first brings it out.
    for (const callId of calls) {
      const answer = await ask(callId);
      expect(answer, callId).toMatchObject({ result: 'granted' });
      if (!order.includes(callId)) order.push(callId);
    }
    expect(order).toEqual(calls);
  });

  it('get a gateway each, however many register at the same moment', async () => {
    await Promise.all(gateways.map((username) => world.register({ username })));
    // Those that registered as free in the crowd are given by the asks of the next second.
    for (let second = 0; second < 2; second += 1) {
      world.pass(1);
      await Promise.all(calls.map(ask));
    }
    const answers = await Promise.all(calls.map(ask));
    const given = answers.map((answer) => (answer.result === 'granted' ? answer.username : answer.result));
    expect(given.sort()).toEqual(gateways.sort());
  });
});
