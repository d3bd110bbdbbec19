import type { BreakerSettings, RecentStarts } from './types.ts';

/*
 *  closed ──`failures` in a row──> open ──pause──> one start is tried ──registers──> closed
 *                                   ^                     │
 *                                   └──fails: twice the pause
 */

export const noStartsYet: RecentStarts = { consecutiveFailures: 0, failedTrials: 0 };

export function isOpen(starts: RecentStarts, breaker: BreakerSettings): boolean {
  return starts.consecutiveFailures >= breaker.failures;
}

/** @returns epoch milliseconds from which a start may be tried; only of an open breaker */
export function retryAt(starts: RecentStarts, breaker: BreakerSettings): number {
  // 2^30 minutes are beyond any limit, and no number overflows.
  const pauseSec = breaker.pauseSec * 2 ** Math.min(starts.failedTrials, 30);
  return (starts.lastFailureAt ?? 0) + Math.min(pauseSec, breaker.maxPauseSec) * 1000;
}

/**
 * Takes down how a start ended.
 * @param result failed: refused by ECS, or stopped before it registered
 */
export function noteStart(
  starts: RecentStarts,
  result: 'registered' | 'failed',
  atMs: number,
  breaker: BreakerSettings,
): RecentStarts {
  if (result === 'registered') return noStartsYet;
  const consecutiveFailures = starts.consecutiveFailures + 1;
  if (!isOpen(starts, breaker)) return { consecutiveFailures, failedTrials: 0, lastFailureAt: atMs };
  // Starts of before the breaker opened fail one after the other: they tell nothing new and prolong nothing.
  if (atMs < retryAt(starts, breaker)) return { ...starts, consecutiveFailures };
  return { consecutiveFailures, failedTrials: starts.failedTrials + 1, lastFailureAt: atMs };
}
