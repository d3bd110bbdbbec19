import { expect, it } from 'vitest';
import type { PoolOrders } from '../../../lambdas/domain/fleet/types.ts';
import { ordersOf, putOrders } from '../../../lambdas/store/items/orders-item.ts';
import { ordersKey } from '../../../lambdas/store/keys.ts';
import type { FleetWorld } from './fleet-world.ts';
import { FleetSuite } from './suite.ts';

const suite = new FleetSuite();

async function order(world: FleetWorld, orders: PoolOrders): Promise<void> {
  const seen = ordersOf(await world.table.get(ordersKey));
  await world.table.write(putOrders(orders, seen, world.nowMs));
}

const given = { who: 'alice', at: 0, reason: 'x' };

it('a paused pool starts nothing, lets nobody wait for it, and goes on when it is resumed', async () => {
  const world = await suite.open({ minFree: 2, max: 5 });
  await order(world, { paused: given, reservations: [] });
  await world.run();
  expect(world.ecs.running()).toEqual([]);
  expect(await world.state()).toMatchObject({ mayGrow: false, quiet: { rule: 'paused' } });
  expect(await world.allocate({ callId: 'call-1' })).toMatchObject({ result: 'refused' });
  await order(world, { reservations: [] });
  await world.run();
  expect(world.ecs.running()).toHaveLength(2);
});

it('an override is in force until its time, and calls are told its maximum', async () => {
  const world = await suite.open({ minFree: 1, max: 5 });
  const until = world.nowMs + 60_000;
  await order(world, { override: { ...given, minFree: 7, maximum: 8, until }, reservations: [] });
  await world.run();
  expect(world.ecs.running()).toHaveLength(7);
  expect(await world.state()).toMatchObject({ maximum: 8, mayGrow: true });
  world.pass(61);
  await world.run();
  expect(await world.state()).toMatchObject({ maximum: 5, mayGrow: false });
});
