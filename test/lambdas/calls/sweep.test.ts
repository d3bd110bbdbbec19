import { beforeEach, describe, expect, it } from 'vitest';
import { edgeKey } from '../../../lambdas/store/keys.ts';
import { countOperations } from '../support/operations.ts';
import { contacts, gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { managed, taskId, World } from '../support/world.ts';

const engine = useWorld(oneGateway);
beforeEach(async () => {
  await ask();
});

/** The edge asks, as it does every few seconds. */
const ask = (edgeId = 'edge-1') => world.hangups(edgeId);

async function callInProgress(callId = 'call-1'): Promise<void> {
  await world.grant({ callId });
  await world.say(world.answered(callId, gw));
}

describe('an edge whose lease holds', () => {
  it('keeps its calls, however long they are', async () => {
    await callInProgress();
    for (let minutes = 0; minutes < 30; minutes += 1) {
      world.pass(40);
      await ask();
      await world.sweep();
    }
    expect(await world.call('call-1')).toMatchObject({ state: 'answered' });
    expect(await world.gateway(gw)).toMatchObject({ state: 'busy' });
  });

  it('costs a write each few asks, and one read and one query an ask', async () => {
    const { counts, client } = countOperations(engine.client);
    const counted = new World(client, await engine.createTable());
    for (let asks = 0; asks < 30; asks += 1) {
      await counted.hangups();
      counted.pass(2);
    }
    client.destroy();
    // The first two writes find no lease; then one each 15 s. Ten asks look for calls that were thought lost.
    expect(counts).toEqual({ GetItem: 30, UpdateItem: 2 + 3, Query: 30 + 10 });
  });
});

describe('an edge whose lease is over', () => {
  beforeEach(async () => {
    await callInProgress();
    world.pass(46);
  });

  it('loses its calls; their gateways leave the pool, and are stopped after their grace', async () => {
    expect(await world.sweep()).toMatchObject({ lostEdges: 1, endedCalls: 1, finishedGateways: 0 });
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
    expect(await world.gateway(gw)).toMatchObject({ state: 'draining' });
    expect(world.stopped).toEqual([]);
    world.pass(59);
    await world.sweep();
    expect(world.stopped).toEqual([]);
    world.pass(1);
    expect(await world.sweep()).toMatchObject({ finishedGateways: 1 });
    expect(world.stopped).toEqual([taskId(1)]);
    expect(await world.gateway(gw)).toBeUndefined();
    expect(await world.register({ username: gw, cseq: 2, contacts })).toMatchObject({ reason: 'call-over' });
    world.pass(60);
    expect(await world.sweep()).toMatchObject({ endedCalls: 0, finishedGateways: 0 });
  });

  it('a gateway that un-REGISTERs within its grace is left alone', async () => {
    await world.sweep();
    await world.unregister({ username: gw });
    world.pass(61);
    await world.sweep();
    expect(world.stopped).toEqual([]);
  });

  it('a draining gateway is not refreshed, and not given to anybody', async () => {
    await world.sweep();
    expect(await world.register({ username: gw, cseq: 2, contacts })).toMatchObject({ reason: 'call-over' });
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
    expect(await world.allocate({ callId: 'call-2', gateway: gw })).toMatchObject({
      outcome: 'not-registered',
    });
  });

  it('a draining gateway that starts anew is welcome, and not stopped', async () => {
    await world.sweep();
    const anew = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 600 }];
    await world.register({ username: gw, registrationId: 'reg-2', contacts: anew });
    world.pass(61);
    await world.sweep();
    expect(world.stopped).toEqual([]);
    expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
  });

  it('a draining gateway whose end is told after all is stopped at once', async () => {
    await world.sweep();
    await world.say(world.ended('call-1', gw, { by: 'gateway' }));
    expect(world.stopped).toEqual([taskId(1)]);
    expect(await world.gateway(gw)).toBeUndefined();
  });

  it('two sweeps at once do it once', async () => {
    await Promise.all([world.sweep(), world.sweep()]);
    world.pass(61);
    await Promise.all([world.sweep(), world.sweep()]);
    expect(new Set(world.stopped)).toEqual(new Set([taskId(1)]));
    expect(await world.gateway(gw)).toBeUndefined();
  });

  it('that comes back is looked at again', async () => {
    await world.sweep();
    world.pass(1000);
    await world.sweep();
    expect(await world.table.get(edgeKey('edge-1'))).not.toHaveProperty('watchKey');
    await ask();
    await world.register({ username: gw, registrationId: 'reg-3', contacts });
    await callInProgress('call-2');
    world.pass(46);
    expect(await world.sweep()).toMatchObject({ lostEdges: 1, endedCalls: 1 });
  });

  it('does not take the calls of others with it', async () => {
    await ask('edge-2');
    await world.register({ username: managed(2), contacts });
    await world.grant({ callId: 'call-2', edgeId: 'edge-2' });
    await world.sweep();
    expect(await world.call('call-2')).toMatchObject({ state: 'offered' });
  });
});

it('gateways that are used again return to the pool after their grace', async () => {
  await oneGateway('reuse');
  await ask();
  await callInProgress();
  world.pass(46);
  await world.sweep();
  world.pass(60);
  await world.sweep();
  const gateway = await world.gateway(gw);
  expect(gateway).toMatchObject({ state: 'free' });
  for (const gone of ['watchKey', 'watchAt', 'lockedBy']) expect(gateway).not.toHaveProperty(gone);
  expect(world.stopped).toEqual([]);
});

it('an offer that was never answered nor failed is given up two minutes after its lock lapsed', async () => {
  await ask();
  await world.grant({ callId: 'call-1' });
  for (let asked = 0; asked < 6; asked += 1) {
    world.pass(39);
    await ask();
  }
  await world.sweep();
  expect(await world.call('call-1')).toMatchObject({ state: 'offered' });
  world.pass(7);
  await ask();
  await world.sweep();
  expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
  expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
});

it('many calls of a lost edge are ended over several sweeps', async () => {
  for (let n = 2; n <= 130; n += 1) {
    await world.register({ username: managed(n), contacts });
    await world.grant({ callId: `call-${n}` });
  }
  world.pass(46);
  expect(await world.sweep()).toMatchObject({ endedCalls: 129, more: false });
  world.pass(60);
  expect(await world.sweep()).toMatchObject({ finishedGateways: 129 });
  expect(new Set(world.stopped).size).toBe(129);
});
