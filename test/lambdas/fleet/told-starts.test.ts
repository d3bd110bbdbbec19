import { afterAll, beforeAll, expect, it } from 'vitest';
import { takeRegistrations } from '../../../lambdas/functions/fleet/take-registrations.ts';
import { startTestTable, type TestTable } from '../../support/dynamodb.ts';
import { FleetWorld } from './fleet-world.ts';

/* What becomes of starts that the looks at the pool alone would not see in time. */

let engine: TestTable;
let world: FleetWorld;
beforeAll(async () => {
  engine = await startTestTable();
});
afterAll(() => engine.stop());

/** A gateway registers, is told, and leaves by itself after its call, all between two looks. */
async function comesAndGoes(taskId: string): Promise<void> {
  const username = `${taskId}.mediagw.1`;
  await world.event(world.ecs.change(taskId, { lastStatus: 'RUNNING', startedAt: world.nowMs }));
  await world.register({ username, registrationId: taskId });
  const contact = `sip:${username}@10.0.0.7:5060`;
  const received = { address: '10.0.0.7', port: 5060, protocol: 'tcp' } as const;
  const told = { username, registrationId: taskId, contact, received } as const;
  const fact = world.fact({ type: 'gateway.registered', ...told });
  if (fact.type === 'gateway.registered') await takeRegistrations([fact], world.fleet);
  world.pass(5);
  await world.unregister({ username, registrationId: taskId });
  const over = { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'EssentialContainerExited' };
  await world.event(world.ecs.change(taskId, { ...over, stoppedAt: world.nowMs, exitCode: 0 }));
}

it('one whose gateway serves a call and leaves between two looks has not failed', async () => {
  world = new FleetWorld(engine.client, await engine.createTable(), { minFree: 1 });
  for (let calls = 0; calls < 6; calls += 1) {
    await world.run();
    const [running] = world.ecs.running();
    world.pass(10);
    await comesAndGoes(running?.taskId as string);
  }
  expect(await world.run()).toMatchObject({
    action: 'start',
    failed: 0,
    registered: 1,
    startsFailing: false,
  });
  expect(await world.state()).toMatchObject({ managed: 1, recentStarts: { consecutiveFailures: 0 } });
  expect((await world.state()).startMs).toBe(10_000);
});

it('one that registers again and again is taken down once', async () => {
  world = new FleetWorld(engine.client, await engine.createTable(), { minFree: 1 });
  await world.run();
  const { starts } = await world.state();
  const [running] = world.ecs.running();
  await comesAndGoes(running?.taskId as string);
  const registeredAt = (await world.task(starts[0] as string))?.registeredAt;
  world.pass(60);
  await comesAndGoes(running?.taskId as string);
  expect(await world.task(starts[0] as string)).toMatchObject({ state: 'stopped', registeredAt });
});

it('a gateway that others started is none of the starts', async () => {
  world = new FleetWorld(engine.client, await engine.createTable(), { minFree: 1 });
  await world.run();
  const before = await world.state();
  const received = { address: '10.0.0.7', port: 5060, protocol: 'tcp' } as const;
  const told = { username: '10.0.0.7.mediagw.3', registrationId: 'r', contact: 'sip:x@y', received } as const;
  const fact = world.fact({ type: 'gateway.registered', ...told });
  if (fact.type === 'gateway.registered') await takeRegistrations([fact], world.fleet);
  expect(await world.state()).toEqual(before);
});
