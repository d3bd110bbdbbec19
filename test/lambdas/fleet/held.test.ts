import { expect, it } from 'vitest';
import { countPool } from '../../../lambdas/functions/fleet/count-pool.ts';
import { endHold, hold } from '../../../lambdas/store/gateway-writes.ts';
import { gatewayFrom } from '../../../lambdas/store/items/gateway-item.ts';
import type { FleetWorld } from './fleet-world.ts';
import { FleetSuite } from './suite.ts';

/* A gateway that an operator holds is none of the fleet's. */

const suite = new FleetSuite();

async function seen(world: FleetWorld, username: string) {
  const item = await world.gateway(username);
  if (item === undefined) throw new Error(`${username} is not registered`);
  return gatewayFrom(item);
}
const holds = async (world: FleetWorld, username: string) =>
  world.table.write(hold(await seen(world, username), world.nowMs));

it('is not counted as free, so that another is started in its place', async () => {
  const { world, gateways } = await suite.settled({ minFree: 2, max: 4 });
  const [held = ''] = gateways;
  await holds(world, held);
  expect(await world.run()).toMatchObject({ result: 'decided', action: 'start', free: 1 });
  await world.registerAll();
  expect(await world.run()).toMatchObject({ action: 'none', free: 2, managed: 3 });
});

it('counts against the maximum, and not as in a call', async () => {
  const { world, gateways } = await suite.settled({ minFree: 2, max: 2 });
  for (const username of gateways) await holds(world, username);
  expect(await world.run()).toMatchObject({ action: 'none', free: 0, managed: 2, rule: 'full' });
  expect(world.ecs.running()).toHaveLength(2);
  await world.register({ username: '10.0.0.9.mediagw.1' });
  await holds(world, '10.0.0.9.mediagw.1');
  const { counts } = await countPool(2, 0, 50, [], world.fleet);
  expect(counts).toMatchObject({ free: 0, held: 2, busy: 0 });
});

it('is neither drained nor stopped, however many are too many, and is free and superfluous once released', async () => {
  const { world, gateways } = await suite.settled({ minFree: 3, max: 3 });
  const [held = '', ...others] = gateways;
  await holds(world, held);
  const week = Array.from({ length: 7 }, () => [{ fromSec: 0, unlockedMin: 0, loadMax: 1 }]);
  Object.assign(world.fleet, { policy: { ...world.fleet.policy, week, drainAfterSec: 0 } });
  for (let minute = 0; minute < 10; minute += 1) {
    await world.passRefreshing(60);
    await world.run();
    await world.leaveAll();
  }
  expect(world.stopped.toSorted()).toEqual(others.map((one) => one.split('.')[0]).toSorted());
  expect(await seen(world, held)).toMatchObject({ state: 'held' });
  await world.table.write(endHold(await seen(world, held), 'free#0', world.nowMs));
  await world.run();
  await world.passRefreshing(60);
  await world.run();
  expect(world.stopped).toContain(held.split('.')[0]);
});
