import { expect, it } from 'vitest';
import type { AllocateAnswer } from '../../../contracts/commands.ts';
import { FleetSuite } from './suite.ts';

/* Everybody joins at the top of the hour: calls, the queue and the fleet together, over one real table. */

const suite = new FleetSuite();

const callId = (n: number) => `call-${String(n).padStart(3, '0')}`;

it('a hundred calls at once on ten gateways of sixty at most: sixty are served in order, forty are told why not, and after them the pool is as before', async () => {
  const world = await suite.open({ minFree: 10, max: 60 });
  await world.run();
  await world.registerAll();
  expect(await world.state()).toMatchObject({ managed: 10 });

  const answers = new Map<string, AllocateAnswer>();
  for (let n = 1; n <= 100; n += 1) {
    world.pass(0.001);
    answers.set(callId(n), await world.allocate({ callId: callId(n) }));
  }
  const ids = (result: string) => [...answers].filter(([, one]) => one.result === result).map(([id]) => id);
  expect(ids('granted')).toEqual(Array.from({ length: 10 }, (_, n) => callId(n + 1)));
  expect(ids('waiting')).toEqual(Array.from({ length: 50 }, (_, n) => callId(n + 11)));
  for (const id of ids('refused')) {
    expect(answers.get(id)).toMatchObject({
      outcome: 'pool-exhausted',
      cause: 'none-free',
      retryAfterSec: 5,
    });
  }

  expect(await world.run('call.waiting')).toMatchObject({ started: 50, managed: 60, waiting: 50 });
  expect(await world.run('call.waiting')).toMatchObject({ started: 0, rule: 'full' });
  // The gateways come one by one, and each is given to the call that has waited longest.
  const served: string[] = ids('granted');
  for (const { taskId } of world.ecs.running()) {
    if (world.ecs.tasks.get(taskId)?.lastStatus === 'RUNNING') continue;
    world.ecs.change(taskId, { lastStatus: 'RUNNING' });
    const registered = await world.register({ username: `${taskId}.mediagw.1`, registrationId: taskId });
    if ('matchedCallId' in registered && registered.matchedCallId) served.push(registered.matchedCallId);
  }
  expect(served).toEqual(Array.from({ length: 60 }, (_, n) => callId(n + 1)));
  await world.run('gateway.registered');
  expect(await world.state()).toMatchObject({ managed: 60, starting: 0 });
  expect(world.most).toBe(60);

  for (const id of served) {
    const call = await world.call(id);
    const gateway = call?.gateway as string;
    await world.say(world.answered(id, gateway));
  }
  for (const id of served) {
    const gateway = (await world.call(id))?.gateway as string;
    await world.say(world.ended(id, gateway));
  }
  const over = world.nowMs;
  await world.leaveAll();
  await world.registerAll();
  while (world.nowMs - over < 120_000) {
    await world.passRefreshing(30);
    await world.run();
    await world.leaveAll();
    await world.registerAll();
  }
  expect(world.ecs.running()).toHaveLength(10);
  expect(await world.state()).toMatchObject({ managed: 10, starting: 0, starts: [] });
  const { items } = await world.table.scan((in_) => `begins_with(${in_.name('pk')}, ${in_.value('GW#')})`);
  expect(items).toHaveLength(10);
  expect(items.every(({ state }) => state === 'free')).toBe(true);
  expect(world.most).toBe(60);
});

it('a call that comes while gateways are being started waits for one like those before it', async () => {
  const world = await suite.open({ minFree: 0, max: 20 });
  await world.run();
  for (let n = 1; n <= 12; n += 1) {
    world.pass(0.001);
    expect(await world.allocate({ callId: callId(n) })).toMatchObject({ result: 'waiting' });
  }
  let late: AllocateAnswer | undefined;
  const run = world.ecs.run.bind(world.ecs);
  world.ecs.run = async (task) => {
    late ??= await world.allocate({ callId: 'late' });
    return run(task);
  };
  expect(await world.run('call.waiting')).toMatchObject({ started: 12 });
  expect(late).toMatchObject({ result: 'waiting', ahead: 12 });
});
