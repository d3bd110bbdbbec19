import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestTable } from '../../support/use-test-table.ts';
import { type Counted, countOperations } from '../support/operations.ts';
import { managed, World } from '../support/world.ts';

/* Calls for which no gateway is free, while the pool may grow. */

const engine = useTestTable();
let counted: Counted;
let world: World;
beforeAll(() => {
  counted = countOperations(engine.client);
});
afterAll(() => counted.client.destroy());
beforeEach(() => newWorld());

async function newWorld(options: ConstructorParameters<typeof World>[2] = {}): Promise<void> {
  world = new World(counted.client, await engine.createTable(), options);
}

/** Calls that begin to wait one after the other. */
async function wait(...callIds: string[]): Promise<void> {
  for (const callId of callIds) {
    expect(await world.allocate({ callId }), callId).toMatchObject({ result: 'waiting' });
    world.nowMs += 10;
  }
}

const ask = (callId: string) => world.allocate({ callId });

describe('a call that finds no gateway', () => {
  it('waits while one is starting, and is told its place and the time to expect', async () => {
    await world.pool({ starting: 2, managed: 2, estimateSec: 40 });
    world.pass(10);
    expect(await ask('call-1')).toEqual({
      result: 'waiting',
      cause: 'starting',
      ahead: 0,
      estimateSec: 30,
      askAgainSec: 1,
    });
    expect(await ask('call-2')).toMatchObject({ result: 'waiting', ahead: 1, cause: 'starting' });
    expect(await world.call('call-1')).toMatchObject({ state: 'waiting', waitingSince: world.nowMs });
  });

  it('waits where none is starting yet but may', async () => {
    await world.pool({ maximum: 1 });
    expect(await ask('call-1')).toMatchObject({ result: 'waiting', cause: 'none-registered' });
    await world.pool({ maximum: 3, managed: 2 });
    expect(await ask('call-2')).toMatchObject({ result: 'refused', cause: 'none-free' });
  });

  it('is refused at once where nobody manages the pool, or nobody has for three minutes', async () => {
    const refusal = { result: 'refused', outcome: 'pool-exhausted', cause: 'none-registered' };
    expect(await ask('call-1')).toMatchObject(refusal);
    await world.pool();
    world.pass(180);
    expect(await ask('call-1')).toMatchObject(refusal);
    expect(await world.call('call-1')).toBeUndefined();
  });

  it('is refused at once where the pool is at its maximum', async () => {
    await world.pool({ managed: 60, maximum: 60 });
    expect(await ask('call-1')).toEqual({
      result: 'refused',
      outcome: 'pool-exhausted',
      cause: 'none-free',
      detail: 'the pool is at its maximum of 60',
      retryAfterSec: 5,
    });
  });

  it('is refused where starts keep failing, but waits for one that is tried', async () => {
    await world.pool({ startsFailing: true, mayGrow: false });
    expect(await ask('call-1')).toMatchObject({
      result: 'refused',
      outcome: 'pool-exhausted',
      cause: 'starts-failing',
    });
    await world.pool({ startsFailing: true, mayGrow: false, starting: 1, managed: 1 });
    expect(await ask('call-1')).toMatchObject({ result: 'waiting', cause: 'starting' });
  });

  it('that asked for one by its name does not wait for another', async () => {
    await world.pool();
    const answer = await world.allocate({ callId: 'call-1', gateway: managed(1) });
    expect(answer).toEqual({ result: 'refused', outcome: 'not-registered' });
  });

  it('waits no longer than the limit, and is told why and when to try again', async () => {
    await world.pool();
    await wait('call-1');
    for (let sec = 1; sec < 90; sec += 1) {
      world.pass(1);
      await world.pool({ starting: 1, managed: 1, estimateSec: 20 });
      expect(await ask('call-1')).toMatchObject({ result: 'waiting' });
    }
    world.pass(1);
    expect(await ask('call-1')).toEqual({
      result: 'refused',
      outcome: 'start-timeout',
      cause: 'starting',
      retryAfterSec: 19,
    });
  });

  it('at the limit, with the pool at its maximum, is told so', async () => {
    await world.pool();
    await wait('call-1');
    world.pass(90);
    await world.pool({ managed: 5, maximum: 5 });
    expect(await ask('call-1')).toMatchObject({
      outcome: 'start-timeout',
      cause: 'none-free',
      detail: 'the pool is at its maximum of 5',
    });
  });
});

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
    await wait('call-1', 'call-2', 'call-3');
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
    await wait('call-1');
    const first = await world.register({ username: managed(1) });
    expect(await world.register({ username: managed(1) })).toEqual(first);
  });

  it('serves in order as calls give their gateways back', async () => {
    await newWorld({ afterCall: 'reuse' });
    await world.register({ username: managed(1) });
    await world.grant({ callId: 'call-0' });
    await world.say(world.answered('call-0', managed(1)));
    await world.pool({ managed: 1 });
    await wait('call-1', 'call-2');
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
      await wait('call-1', 'call-2');
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
    await wait('call-1', 'call-2');
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
    await wait(...Array.from({ length: 40 }, (_, n) => `lost-${n}`));
    world.pass(13);
    await world.pool();
    await wait('call-1');
    expect(await world.register({ username: managed(1) })).toMatchObject({ matchedCallId: 'call-1' });
  });
});

describe('a waiting call', () => {
  beforeEach(async () => {
    await world.pool();
    await wait('call-1');
  });

  it('that is cancelled leaves the queue, and gets nothing any more', async () => {
    await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await world.waiting()).toEqual([]);
    expect(await world.register({ username: managed(1) })).not.toHaveProperty('matchedCallId');
    expect(await ask('call-1')).toEqual({ result: 'refused', outcome: 'cancelled' });
    expect(await world.gateway(managed(1))).toMatchObject({ state: 'free' });
  });

  it('that is cancelled as it gets its gateway lets it go', async () => {
    await world.register({ username: managed(1) });
    await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await world.gateway(managed(1))).toMatchObject({ state: 'free' });
  });

  it('whose ask comes after its CANCEL does not wait again', async () => {
    await world.say({ type: 'call.cancelled', callId: 'call-9', gatewayAnswered: false });
    expect(await ask('call-9')).toEqual({ result: 'refused', outcome: 'cancelled' });
    expect(await world.waiting()).toEqual(['call-1']);
  });

  it('is told twice and late as once', async () => {
    const fact = world.fact({ type: 'call.failed', callId: 'call-1', outcome: 'start-timeout', failed: [] });
    await world.say(fact);
    const record = await world.call('call-1');
    await world.say(fact);
    await world.say({
      type: 'call.cancelled',
      callId: 'call-1',
      gatewayAnswered: false,
      at: world.nowMs + 5,
    });
    expect(await world.call('call-1')).toEqual({ ...record, version: expect.any(Number) });
    expect(record).toMatchObject({ state: 'ended', outcome: 'start-timeout' });
    expect(record).not.toHaveProperty('askedAt');
  });

  it('is given up by its edge after a restart, like one that was being offered', async () => {
    await world.register({ username: managed(1) });
    await wait('call-2');
    expect(await world.edgeCalls()).toMatchObject({
      calls: [
        { callId: 'call-2', state: 'waiting' },
        { callId: 'call-1', state: 'offered', gateway: managed(1) },
      ],
    });
    expect(await world.edgeCalls('edge-2')).toEqual({ calls: [] });
  });

  it('costs a write every few seconds, not one for each ask', async () => {
    world.pass(1);
    counted.reset();
    for (let sec = 0; sec < 20; sec += 1) {
      await ask('call-1');
      world.pass(1);
    }
    const { UpdateItem = 0, Query = 0, BatchGetItem = 0, ...others } = counted.counts;
    expect(others).toEqual({});
    expect(UpdateItem).toBeLessThanOrEqual(5);
    expect(Query).toBe(40);
    expect(BatchGetItem).toBe(20);
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
    await wait('call-2');
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
    await wait('call-2');
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
    await wait(...calls);
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
