import { expect, it } from 'vitest';
import { parsePolicy } from '../../../lambdas/domain/fleet/read-policy.ts';
import { measurePool } from '../../../lambdas/functions/calls/measure-pool.ts';
import { noteMinute } from '../../../lambdas/functions/calls/note-minute.ts';
import { noteDemand } from '../../../lambdas/functions/fleet/known-demand.ts';
import { lastSampleKeys, lastSampleOf } from '../../../lambdas/store/items/minute-items.ts';
import { readAll } from '../../../lambdas/store/watched.ts';
import { peer } from '../support/world.ts';
import type { FleetWorld } from './fleet-world.ts';
import { FleetSuite } from './suite.ts';

const suite = new FleetSuite();

const minuteMs = 60_000;
const caller = { uri: 'sip:a@b', received: peer };

/** What was kept of the minute before this one. */
async function noted(world: FleetWorld) {
  await noteMinute(await measurePool(world.deps), world.deps);
  const items = await readAll(world.table, lastSampleKeys(world.nowMs));
  return lastSampleOf(items, world.nowMs)?.sample;
}

/** Under the prediction, at 10:00:30. */
async function forecasting(): Promise<FleetWorld> {
  const world = await suite.open({ max: 100 });
  const chosen = { policy: 'predictive', minFree: 1 };
  const held = { timeZone: 'UTC', maxGateways: 100, startSec: 120, gateways: 'single-use' } as const;
  Object.assign(world.fleet, { policy: parsePolicy(chosen, held) });
  world.nowMs = Date.parse('2026-11-25T10:00:30Z');
  return world;
}

async function come(world: FleetWorld, calls: number): Promise<void> {
  const offer = { room: 'r', caller, gateway: 'g', attempt: 1 };
  const facts = Array.from({ length: calls }, (_, n) =>
    world.fact({ type: 'call.offered', callId: `${world.nowMs}-${n}`, ...offer }),
  );
  await noteDemand(facts, world.fleet);
}

it('of a minute it is kept how many gateways were wanted free', async () => {
  const world = await suite.open({ minFree: 3 });
  await world.run();
  world.pass(60);
  expect(await noted(world)).toMatchObject({ wanted: 3, starting: 3 });
});

it('that none were wanted is known, and not the same as nothing', async () => {
  const world = await suite.open({ minFree: 0 });
  await world.run();
  world.pass(60);
  expect(await noted(world)).toMatchObject({ wanted: 0 });
});

it('of a minute in which the fleet did not look nothing is said', async () => {
  const world = await suite.open();
  await world.run();
  world.pass(120);
  const sample = await noted(world);
  expect(sample).toMatchObject({ starting: 2 });
  expect(sample).not.toHaveProperty('wanted');
});

it('what is foreseen is kept beside the minute that it is about, as it was seen before that began', async () => {
  const world = await forecasting();
  await world.run();
  const quiet = (await world.state()).foreseen?.at(-1);
  expect(quiet).toEqual({ at: Date.parse('2026-11-25T10:01:00Z'), calls: expect.any(Number) });
  expect(quiet?.calls).toBeLessThan(1);

  // Forty calls that nobody foresaw: they change what is foreseen for the minute after, and not what was.
  world.nowMs += minuteMs;
  await come(world, 40);
  await world.run();
  world.nowMs += minuteMs;
  await world.run();
  expect(await noted(world)).toMatchObject({ calls: 40, foreseen: quiet?.calls });
  const rush = (await world.state()).foreseen?.find(({ at }) => at === Date.parse('2026-11-25T10:02:00Z'));
  expect(rush?.calls).toBeGreaterThan(5);

  world.nowMs += minuteMs;
  await world.run();
  expect(await noted(world)).toMatchObject({ calls: 0, foreseen: rush?.calls });
});

it('the last look before a minute counts, and no more than is needed is kept', async () => {
  const world = await forecasting();
  await world.run();
  const first = (await world.state()).foreseen?.at(-1);
  world.nowMs += 10_000;
  await come(world, 40);
  await world.run();
  const { foreseen = [] } = await world.state();
  expect(foreseen).toHaveLength(1);
  expect(foreseen[0]?.calls).toBeGreaterThan(first?.calls ?? 0);
  for (let minute = 0; minute < 5; minute += 1) {
    world.nowMs += minuteMs;
    await world.run();
  }
  expect((await world.state()).foreseen).toHaveLength(3);
});

it('a policy that does not forecast foresees nothing, also after one that did', async () => {
  const world = await forecasting();
  await world.run();
  Object.assign(world.fleet, { policy: (await suite.open()).fleet.policy });
  world.nowMs += minuteMs;
  await world.run();
  expect(await world.state()).not.toHaveProperty('foreseen');
  expect(await noted(world)).not.toHaveProperty('foreseen');
});
