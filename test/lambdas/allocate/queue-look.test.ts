import { afterAll, beforeAll, expect, it } from 'vitest';
import { QueueLook } from '../../../lambdas/usecases/waiting-queue.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { type Counted, countOperations } from '../support/operations.ts';
import { World } from '../support/world.ts';

const engine = useTestTable();
let counted: Counted;
beforeAll(() => {
  counted = countOperations(engine.client);
});
afterAll(() => counted.client.destroy());

it('asks the table for waiting calls once in a while where nobody waits, and each time where somebody does', async () => {
  const world = new World(counted.client, await engine.createTable());
  await world.pool({ starting: 1, managed: 1 });
  const look = new QueueLook();
  const heads = async () => {
    const { waiting } = await look.heads(world.table, world.nowMs);
    return waiting.map(({ callId }) => callId);
  };

  expect(await heads()).toEqual([]);
  expect(await world.allocate({ callId: 'call-1' })).toMatchObject({ result: 'waiting' });
  world.nowMs += 249;
  expect(await heads()).toEqual([]);
  world.nowMs += 1;
  expect(await heads()).toEqual(['call-1']);

  expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'waiting' });
  expect(await heads()).toEqual(['call-1', 'call-2']);
});

it('gives a gateway that registers unseen to the call that asks again', async () => {
  const world = new World(counted.client, await engine.createTable());
  world.deps.queue = new QueueLook();
  await world.pool({ starting: 1, managed: 1 });
  await world.register({ username: 'gateway-0' });
  expect(await world.allocate({ callId: 'call-0' })).toMatchObject({ result: 'granted' });
  expect(await world.allocate({ callId: 'call-1' })).toMatchObject({ result: 'waiting', askAgainSec: 1 });
  await world.register({ username: 'gateway-1' });
  world.pass(1);
  // Whoever comes now is behind it.
  expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'waiting' });
  expect(await world.allocate({ callId: 'call-1' })).toMatchObject({
    result: 'granted',
    username: 'gateway-1',
  });
});
