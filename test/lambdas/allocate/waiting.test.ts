import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useTestTable } from '../../support/use-test-table.ts';
import { type Counted, countOperations } from '../support/operations.ts';
import { managed, World } from '../support/world.ts';
import { wait } from './support.ts';

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
    await wait(world, 'call-1');
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
    await wait(world, 'call-1');
    world.pass(90);
    await world.pool({ managed: 5, maximum: 5 });
    expect(await ask('call-1')).toMatchObject({
      outcome: 'start-timeout',
      cause: 'none-free',
      detail: 'the pool is at its maximum of 5',
    });
  });
});

describe('a waiting call', () => {
  beforeEach(async () => {
    await world.pool();
    await wait(world, 'call-1');
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
    await wait(world, 'call-2');
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
