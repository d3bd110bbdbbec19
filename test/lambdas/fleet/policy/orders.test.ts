import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../../lambdas/domain/fleet/decide.ts';
import { noOrders, standing } from '../../../../lambdas/domain/fleet/orders.ts';
import type { PoolOrders } from '../../../../lambdas/domain/fleet/types.ts';
import { anyInput, constantTimeline, counts, input, predictive, totalOf, tuesdayMs } from './support.ts';

/* What operators order goes before the policy. */

const given = { who: 'alice', at: 0, reason: 'x' };
const policy = constantTimeline({ unlockedMin: 2, loadMax: 1 });
const decided = (orders: PoolOrders, some: Partial<Parameters<typeof input>[0]> = {}) =>
  decide(input({ policy, orders, ...some }));
const override = (more: { minFree?: number; maximum?: number }): PoolOrders => ({
  ...noOrders,
  override: { ...given, until: tuesdayMs + 1, ...more },
});
const reserved = (gateways: number, from: number, to: number): PoolOrders => ({
  reservations: [{ ...given, id: 'r', gateways, from, to }],
});

it('nothing is different where there are none', async () => {
  await fc.assert(
    fc.property(anyInput, (some) => {
      expect(decide({ ...some, orders: noOrders, startMs: 90_000 })).toEqual(decide(some));
    }),
  );
});

describe('a paused pool', () => {
  const paused: PoolOrders = { ...noOrders, paused: given };

  it('neither starts nor drains, whatever there is', async () => {
    await fc.assert(
      fc.property(anyInput, (some) => {
        expect(decide({ ...some, orders: paused })).toMatchObject({
          action: 'none',
          count: 0,
          reason: { rule: 'paused' },
        });
      }),
    );
  });
});

describe('an override', () => {
  it('keeps more free than the policy, and never fewer', () => {
    expect(decided(override({ minFree: 7 }))).toMatchObject({ action: 'start', count: 7 });
    expect(decided(override({ minFree: 1 }))).toMatchObject({ action: 'start', count: 2 });
    // What is wanted is not superfluous.
    expect(decided(override({ minFree: 7 }), { counts: counts({ free: 7 }) })).toMatchObject({
      action: 'none',
    });
  });

  it('sets the maximum, below that of the policy or above it', () => {
    expect(decided(override({ minFree: 99, maximum: 80 }))).toMatchObject({ count: 80 });
    const full = { counts: counts({ busy: 60 }), waiting: 1 };
    expect(decided(noOrders, full)).toMatchObject({ action: 'none', reason: { rule: 'full' } });
    expect(decided(override({ maximum: 61 }), full)).toMatchObject({ action: 'start', count: 1 });
    expect(decided(override({ maximum: 3 }))).toMatchObject({ count: 2 });
  });

  it('never lets there be more than its maximum', async () => {
    await fc.assert(
      fc.property(anyInput, fc.nat(500), (some, maximum) => {
        const { action, count } = decide({ ...some, orders: override({ maximum }) });
        const after = totalOf(some.counts) + (action === 'start' ? count : 0);
        expect(after).toBeLessThanOrEqual(Math.max(maximum, totalOf(some.counts)));
      }),
    );
  });

  it('is over at its time', () => {
    expect(standing(override({ minFree: 7 }), tuesdayMs)).toHaveProperty('override');
    expect(standing(override({ minFree: 7 }), tuesdayMs + 1)).toEqual(noOrders);
  });
});

describe('a reservation', () => {
  const hour = 3_600_000;

  it.each([
    ['before it', 2 * hour, 3 * hour, 2],
    ['so long before as a start takes', 90_000, hour, 30],
    ['in it', -hour, hour, 30],
    ['after it', -2 * hour, -hour, 2],
  ])('counts %s', (_when, from, to, count) => {
    const orders = reserved(30, tuesdayMs + from, tuesdayMs + to);
    expect(decided(orders, { startMs: 90_000 })).toMatchObject({ action: 'start', count });
  });

  it('is for calls too: those in progress have theirs', () => {
    const orders = reserved(30, tuesdayMs, tuesdayMs + hour);
    const some = {
      counts: counts({ free: 5, busy: 20 }),
      policy: predictive({ minFree: 0, reserveShare: 0 }),
    };
    expect(decided(orders, some)).toMatchObject({ action: 'start', count: 5, reason: { level: 10 } });
  });

  it('that overlaps with another does not add to it', () => {
    const [one, other] = [30, 20].map((n) => reserved(n, tuesdayMs, tuesdayMs + hour).reservations[0]);
    const orders = { reservations: [one, other].filter((each) => each !== undefined) };
    expect(decided(orders)).toMatchObject({ count: 30 });
  });
});
