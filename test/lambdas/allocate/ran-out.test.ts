import { describe, expect, it } from 'vitest';
import { callKey, gatewayKey } from '../../../lambdas/store/keys.ts';
import { countOperations } from '../support/operations.ts';
import { useWorld, world } from '../support/use-world.ts';
import { freeShards, gw, registerSome } from './support.ts';

const engine = useWorld();

describe('registrations that ran out', () => {
  it('are not given, and are swept so that the next caller does not meet them', async () => {
    await registerSome(world, 12);
    world.pass(61);
    await world.register({ username: gw(20) });
    // Registered last, so first of the page: made older, it stands behind the dead.
    await world.table.write({
      update: gatewayKey(gw(20)),
      set: { availableAt: world.nowMs - 120_000 },
      when: () => 'attribute_exists(pk)',
    });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: gw(20) });
    expect(world.warnings).toEqual([]);
    const answer = await world.allocate({ callId: 'call-2' });
    expect(answer).toMatchObject({ cause: 'none-free' });
    expect(await freeShards(world)).toHaveLength(1);
  });

  it('cost a few reads, not a try each', async () => {
    await registerSome(world, 16);
    world.pass(61);
    const counted = countOperations(engine.client);
    const other = world.beside(counted.client);
    await other.allocate({ callId: 'call-1' });
    expect(counted.counts.TransactWriteItems).toBeLessThanOrEqual(2);
    // The page's gateways; then the call's record and the pool's.
    expect(counted.counts.BatchGetItem).toBe(2);
    counted.reset();
    await other.allocate({ callId: 'call-2' });
    expect(counted.counts.TransactWriteItems ?? 0).toBe(0);
  });

  it('do not hide the living behind more than a page of dead', async () => {
    await registerSome(world, 40);
    world.pass(61);
    await world.register({ username: gw(50) });
    await world.table.write({
      update: gatewayKey(gw(50)),
      set: { availableAt: 1 },
      when: () => 'attribute_exists(pk)',
    });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: gw(50) });
  });
});

it('a record that ran out is no record', async () => {
  await registerSome(world, 1);
  await world.table.write({
    put: { pk: callKey({ callId: 'call-1' }), callId: 'call-1', version: 9, expiresAt: 1 },
  });
  expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: gw(1) });
});
