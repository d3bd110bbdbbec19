import type { Foreseen } from '../demand/foreseen.ts';
import { noStartsYet } from './breaker.ts';
import type { Pool } from './pool.ts';
import type { FleetMemory, RecentStarts } from './types.ts';

/** Runs in a row that decided nothing, told as one. */
export interface Quiet {
  rule: string;
  since: number;
  runs: number;
}

/**
 * All that is known of the pool: what calls read of it (`Pool`), what one decision tells the next, and the lease that
 * keeps two runs of the fleet function from deciding at once.
 */
export interface FleetPool extends Pool {
  /** Ids of the starts in flight. Here and not in an index: a start must count from the moment it is asked for. */
  starts: readonly string[];
  /** Who decides now: an id of its own for each run. None: nobody. */
  holder?: string;
  /** The lease of `holder` ends here by itself, epoch milliseconds. */
  leaseUntil?: number;
  /** Something has happened since the holder last looked: it looks again before it goes. */
  dirtyAt?: number;
  recentStarts: RecentStarts;
  memory: FleetMemory;
  quiet?: Quiet;
  /** How long a start has taken lately, milliseconds. */
  startMs?: number;
  /** Free gateways above which they were superfluous, at the last decision. */
  keep?: number;
  /** Free gateways wanted at the last decision, those to come included and waiting calls apart. */
  wanted?: number;
  /** By a policy that forecasts: for the minutes about now, oldest first. */
  foreseen?: readonly Foreseen[];
  reconciledAt?: number;
  /** When a start was asked for, registered or ended last. */
  changedAt?: number;
  /** By how much `managed` was found wrong at the last reconciliation. */
  drift?: number;
}

/** What of it outlives a run: all but the lease. */
export type FleetState = Omit<FleetPool, 'holder' | 'leaseUntil' | 'dirtyAt' | 'updatedAt'>;

/** @param pool as read: empty at first */
export function stateOf(pool: Partial<FleetPool>, maximum: number): FleetState {
  const { holder: _holder, leaseUntil: _until, dirtyAt: _dirty, updatedAt: _at, ...state } = pool;
  return {
    mayGrow: false,
    starting: 0,
    startsFailing: false,
    managed: 0,
    maximum,
    starts: [],
    recentStarts: noStartsYet,
    memory: {},
    ...state,
  };
}
