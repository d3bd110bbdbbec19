import * as fc from 'fast-check';
import { noStartsYet } from '../../../../lambdas/domain/fleet/breaker.ts';
import { parsePolicy } from '../../../../lambdas/domain/fleet/read-policy.ts';
import type { FleetInput, FleetPolicy, PoolCounts } from '../../../../lambdas/domain/fleet/types.ts';

export const defaults = {
  timeZone: 'Europe/Paris',
  maxGateways: 60,
  startSec: 120,
  gateways: 'single-use' as const,
};

export const counts = (some: Partial<PoolCounts> = {}): PoolCounts => ({
  free: 0,
  locked: 0,
  busy: 0,
  unmanaged: 0,
  held: 0,
  draining: 0,
  starting: 0,
  ...some,
});

/** Gateways that the fleet started. */
export function totalOf(pool: PoolCounts): number {
  return pool.free - pool.unmanaged + pool.locked + pool.busy + pool.held + pool.draining + pool.starting;
}

/** One row for every day and time. */
export function constantTimeline(
  row: { unlockedMin: number; loadMax: number; maxGw?: number },
  settings: Record<string, unknown> = {},
): FleetPolicy {
  const timeline = { auto_scale_threshold: { default: { '00:00:00': row } } };
  return parsePolicy({ policy: 'timeline', ...settings, timeline }, defaults);
}

export function predictive(settings: Record<string, unknown> = {}): FleetPolicy {
  return parsePolicy({ policy: 'predictive', ...settings }, defaults);
}

/** Tuesday 2026-11-24, 10:00 in Paris. */
export const tuesdayMs = Date.parse('2026-11-24T10:00:00+01:00');

export function input(some: Partial<FleetInput> & Pick<FleetInput, 'policy'>): FleetInput {
  return { nowMs: tuesdayMs, counts: counts(), waiting: 0, recentStarts: noStartsYet, memory: {}, ...some };
}

const count = fc.nat(400);

const anyCounts: fc.Arbitrary<PoolCounts> = fc
  .record({
    free: count,
    locked: count,
    busy: count,
    unmanaged: count,
    held: fc.nat(20),
    draining: fc.nat(20),
    starting: count,
  })
  .map((all) => ({ ...all, unmanaged: Math.min(all.unmanaged, all.free) }));

const limits = {
  maxGateways: fc.integer({ min: 1, max: 1500 }),
  maxStarting: fc.integer({ min: 1, max: 200 }),
};

const anyPolicy: fc.Arbitrary<FleetPolicy> = fc.oneof(
  fc
    .record({ ...limits, unlockedMin: fc.nat(50), loadMax: fc.double({ min: 0.05, max: 1.5, noNaN: true }) })
    .map(({ unlockedMin, loadMax, ...settings }) => constantTimeline({ unlockedMin, loadMax }, settings)),
  fc
    .record({
      ...limits,
      minFree: fc.nat(20),
      serviceLevel: fc.double({ min: 0.6, max: 0.9999, noNaN: true }),
      gateways: fc.constantFrom('single-use', 'reuse'),
    })
    .map((settings) => predictive(settings)),
);

export const anyInput: fc.Arbitrary<FleetInput> = fc.record({
  nowMs: fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-12-31') }),
  policy: anyPolicy,
  counts: anyCounts,
  waiting: fc.nat(200),
  recentStarts: fc.record({
    consecutiveFailures: fc.nat(10),
    failedTrials: fc.nat(50),
    lastFailureAt: fc.nat(),
  }),
  memory: fc.record({ surplusSince: fc.nat(), surplusMin: fc.integer({ min: 1, max: 400 }) }),
  demand: fc.record({ perMinute: fc.array(fc.nat(60), { maxLength: 40 }) }),
});
