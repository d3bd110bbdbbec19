import { expect, it } from 'vitest';
import { NotTold } from '../../../lambdas/domain/errors.ts';
import type { ConsumedFact } from '../../../lambdas/functions/calls/take-facts.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { countOperations } from '../support/operations.ts';
import { managed, World } from '../support/world.ts';

/* Facts that came in one batch. */

const engine = useTestTable();

async function inCalls(count: number): Promise<World> {
  const world = new World(engine.client, await engine.createTable());
  for (let n = 1; n <= count; n += 1) await world.register({ username: managed(n) });
  return world;
}

const fact = (one: unknown) => one as ConsumedFact;

it('are read together, whatever calls and gateways they are about', async () => {
  const counted = countOperations(engine.client);
  const world = new World(counted.client, await engine.createTable());
  for (const n of [1, 2, 3, 4, 5]) await world.register({ username: managed(n) });
  const gateways = await Promise.all(
    [1, 2, 3].map(async (n) => [`call-${n}`, (await world.grant({ callId: `call-${n}` })).username] as const),
  );
  counted.reset();
  await world.take(gateways.map(([callId, username]) => fact(world.answered(callId, username))));
  expect(counted.counts).toMatchObject({ BatchGetItem: 1, TransactWriteItems: 3 });
  counted.client.destroy();
});

it('of one call are taken as they happened, whatever order they came in', async () => {
  const world = await inCalls(1);
  const { username } = await world.grant({ callId: 'call-1' });
  const answered = fact(world.answered('call-1', username));
  world.pass(5);
  const ended = fact(world.ended('call-1', username, { answeredAt: answered.at }));
  await world.take([ended, answered, ended]);
  expect(await world.call('call-1')).toMatchObject({
    state: 'ended',
    answeredAt: answered.at,
    endedAt: ended.at,
  });
  expect(world.stopped).toHaveLength(1);
  expect(world.measured.filter(({ name }) => name === 'Calls')).toHaveLength(1);
});

it('fail by the call: what is about another is done', async () => {
  const world = await inCalls(2);
  const one = await world.grant({ callId: 'call-1' });
  const other = await world.grant({ callId: 'call-2' });
  world.deps.stopTask = async (taskId) => {
    if (one.username.startsWith(taskId)) throw new Error('ECS does not answer');
  };
  const facts = [world.ended('call-1', one.username), world.ended('call-2', other.username)].map(fact);
  await expect(world.take(facts)).rejects.toThrow('ECS does not answer');
  expect(await world.call('call-2')).toMatchObject({ state: 'ended' });
  expect(await world.gateway(other.username)).toBeUndefined();
});

it('tell all records at once, and fail by the call where the bus refuses one', async () => {
  const world = await inCalls(3);
  const names = ['call-1', 'call-2', 'call-3'];
  const granted = await Promise.all(
    names.map(async (callId) => ({ callId, ...(await world.grant({ callId })) })),
  );
  const { tell } = world.deps;
  let underWay = 0;
  const atOnce: number[] = [];
  world.deps.tell = async (record) => {
    underWay += 1;
    await Promise.resolve();
    atOnce.push(underWay);
    if (record.callId === 'call-2') throw new NotTold('the bus refuses it');
    await tell(record);
  };
  await expect(
    world.take(granted.map(({ callId, username }) => fact(world.ended(callId, username)))),
  ).rejects.toThrow('the bus refuses it');
  expect(atOnce).toEqual([3, 3, 3]);
  expect(world.records.map(({ callId }) => callId)).toEqual(['call-1', 'call-3']);
});
