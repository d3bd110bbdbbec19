import { watchIndex } from '../../../store/keys.ts';
import type { Lane } from '../../../store/newest-first.ts';
import { ApiProblem } from '../problem.ts';

/* Lists of what has been are kept by the day: 30 days, and the one that runs. */

const dayMs = 24 * 3600 * 1000;
const keptDays = 31;

export interface Window {
  /** Epoch milliseconds, both included. */
  from: number;
  to: number;
}

/**
 * @param query ISO times
 * @returns what of it is kept: from may be later than to, where that is nothing
 * @throws ApiProblem for a time that ends before it begins
 */
export function windowOf(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  nowMs: number,
): Window {
  if (from !== undefined && to !== undefined && Date.parse(from) > Date.parse(to)) {
    throw new ApiProblem('invalid-request', {
      errors: [{ field: 'from', message: 'must not be later than to' }],
    });
  }
  const oldest = nowMs - (keptDays - 1) * dayMs;
  return {
    from: from === undefined ? oldest : Math.max(oldest, Date.parse(from)),
    to: to === undefined ? nowMs : Math.min(nowMs, Date.parse(to)),
  };
}

/** The lane of what is kept by the day it happened. */
export function daysLane(window: Window, keyOf: (atMs: number) => string): Lane {
  const keys: string[] = [];
  const firstDay = Math.floor(window.from / dayMs);
  for (let day = Math.floor(window.to / dayMs); day >= firstDay; day -= 1) keys.push(keyOf(day * dayMs));
  return watchLane(keys, window);
}

export function watchLane(keys: readonly string[], { from, to }: Window): Lane {
  return { index: watchIndex, attributes: ['watchKey', 'watchAt'], keys, from, to };
}
