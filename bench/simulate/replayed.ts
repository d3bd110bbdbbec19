import type { PoolCounts } from '../../lambdas/domain/fleet/types.ts';
import type { Random } from '../../lambdas/domain/time.ts';

/* What a replay takes, and what it gives. */

/** What a policy sees of the pool. */
export interface PoolView {
  nowMs: number;
  counts: PoolCounts;
  waiting: number;
  /** Calls offered by clock minute, newest first; [0] is the running minute so far. */
  perMinute: readonly number[];
}

export type Order = { action: 'start' | 'drain'; count: number } | { action: 'none' };

/** Decides on the pool: each minute, or on each event as well. */
export interface Controller {
  everyEvent: boolean;
  decide(view: PoolView): Order;
}

export interface ReplaySettings {
  /** From when to when the pool is kept; it goes on after `untilMs` until the last call is over. */
  fromMs: number;
  untilMs: number;
  /** Seconds from the request of a start to its registration, at random between the two. */
  startSec: readonly [number, number];
  /** A gateway turns off after its call, or takes the next. */
  gateways: 'single-use' | 'reuse';
  waitLimitSec: number;
  /** Seconds that a gateway still runs after it was told to stop. */
  stopSec: number;
  random: Random;
}

/** The pool at a full minute. */
export interface Sample extends PoolCounts {
  atMs: number;
  waiting: number;
  /** Gateway-hours so far. */
  gatewayHours: number;
}

export interface Replayed {
  calls: number;
  callHours: number;
  /** From the request of each start to its gateway's end. */
  gatewayHours: number;
  starts: number;
  refused: number;
  /** Of each call, in seconds; a refused one waited to the limit. */
  waitsSec: number[];
  /** Of each call that did not find a free gateway: when it came, and what it waited. */
  waited: { atMs: number; sec: number; refused: boolean }[];
  samples: Sample[];
}
