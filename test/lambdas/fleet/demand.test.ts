import { expect, it, vi } from 'vitest';
import { parsePolicy } from '../../../lambdas/domain/fleet/read-policy.ts';
import { KnownDemand, noteDemand } from '../../../lambdas/functions/fleet/known-demand.ts';
import { peer } from '../support/world.ts';
import type { FleetWorld } from './fleet-world.ts';
import { FleetSuite } from './suite.ts';

const suite = new FleetSuite();

/** A world whose policy learns, at 10:00:30 of a Wednesday in Paris. */
async function newWorld(): Promise<FleetWorld> {
  const world = await suite.open({ max: 100 });
  Object.assign(world.fleet, {
    policy: parsePolicy(
      { policy: 'predictive', minFree: 1 },
      { timeZone: 'Europe/Paris', maxGateways: 100, startSec: 120, gateways: 'single-use' },
    ),
  });
  world.nowMs = Date.parse('2026-11-25T09:00:30Z');
  return world;
}

const offer = (world: FleetWorld, callId: string, attempt = 1) =>
  world.fact({
    type: 'call.offered',
    callId,
    room: 'r',
    caller: { uri: 'sip:a@b', received: peer },
    gateway: 'g',
    attempt,
  });

const offered = (world: FleetWorld, callId: string, attempt = 1) =>
  noteDemand([offer(world, callId, attempt)], world.fleet);

it('a call counts once: as it waits or is offered, not again with its next gateway', async () => {
  const world = await newWorld();
  await world.register({ username: 'x.mediagw.1' });
  await world.allocate({ callId: 'call-1' });
  await offered(world, 'call-1');
  await offered(world, 'call-1', 2);
  world.pass(60);
  const waiting = {
    type: 'call.waiting',
    callId: 'call-2',
    room: 'r',
    cause: 'starting',
    ahead: 0,
    waitedSec: 0,
  } as const;
  await noteDemand([world.fact(waiting)], world.fleet);
  await world.pool({ mayGrow: true, maximum: 5 });
  await world.allocate({ callId: 'call-2' });
  await offered(world, 'call-2');
  const { demand } = await new KnownDemand().read(world.fleet);
  expect(demand?.perMinute.slice(0, 4)).toEqual([1, 1, 0, 0]);
});

it('calls that come together are counted in one write, by their own minutes', async () => {
  const world = await newWorld();
  const before = offer(world, 'call-0');
  world.pass(60);
  const now = [1, 2, 3].map((call) => offer(world, `call-${call}`));
  const transact = vi.spyOn(world.fleet.table, 'transact');
  const write = vi.spyOn(world.fleet.table, 'write');
  await noteDemand([before, ...now], world.fleet);
  expect(transact).toHaveBeenCalledTimes(1);
  expect(write).not.toHaveBeenCalled();
  const { demand } = await new KnownDemand().read(world.fleet);
  expect(demand?.perMinute.slice(0, 3)).toEqual([3, 1, 0]);
});

it('what earlier days of the same weekday showed is expected, at the hour of the policy’s time zone', async () => {
  const world = await newWorld();
  const today = world.nowMs;
  for (const weeks of [1, 2, 3]) {
    world.nowMs = today - weeks * 7 * 24 * 3_600_000;
    for (let call = 0; call < 30; call += 1) await offered(world, `call-${weeks}-${call}`);
    await noteDemand(
      [world.ended(`call-${weeks}-0`, 'g', { answeredAt: world.nowMs - 1_200_000 })],
      world.fleet,
    );
  }
  world.nowMs = today;
  const { profile } = await new KnownDemand().read(world.fleet);
  // Wednesday, from 10:00 to 10:05 in Paris.
  expect(profile?.rates[3]?.[120]).toBeGreaterThan(15);
  expect(profile?.rates[3]?.[108]).toBe(0);
  expect(profile?.meanCallSec).toBe(1200);
  const quiet = await (await newWorld()).run();
  expect(await world.run()).toMatchObject({ action: 'start' });
  expect(world.ecs.tasks.size).toBeGreaterThan(quiet.result === 'decided' ? quiet.started * 3 : 0);
});
