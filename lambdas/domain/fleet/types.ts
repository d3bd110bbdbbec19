import type { WeekTimeline } from '../../../contracts/original-timeline.ts';
import type { Foreseen } from '../demand/foreseen.ts';
import type { Profile } from '../demand/profile.ts';

/** How many gateways of the pool stand in each state; a lapsed lock counts as free. */
export interface PoolCounts {
  free: number;
  /** Of the free ones those that others started: they serve calls, and are not the fleet's to count or to drain. */
  unmanaged: number;
  /** Promised to a call that is not answered yet. */
  locked: number;
  busy: number;
  /** Those of ours that operators hold: no capacity, but they run, and count against the maximum. */
  held: number;
  /** On their way out: no capacity any more, but still running, so they count against the maximum. */
  draining: number;
  /** Requested and not registered yet: capacity to come. */
  starting: number;
}

/** What became of the last starts; `noteStart` keeps it. */
export interface RecentStarts {
  /** Starts that failed since one last registered. */
  consecutiveFailures: number;
  /** Starts tried one at a time, after the breaker opened, that failed as well. */
  failedTrials: number;
  /** Epoch milliseconds. */
  lastFailureAt?: number;
}

/** What one decision tells the next: a small value to be kept beside the pool and passed in again. */
export interface FleetMemory {
  /** Epoch milliseconds since when there has been a surplus without a break. */
  surplusSince?: number;
  /** The smallest surplus seen since then. */
  surplusMin?: number;
}

/** Calls offered lately, whether they were served, waited or were refused. A call counts once, by its Call-ID. */
export interface RecentDemand {
  /**
   * Calls by clock minute, newest first: [0] is the running minute so far, [1] the whole minute before. Minutes not
   * given are taken as not known, so a quiet pool gives zeros. Up to `demandMinutes` are used.
   */
  perMinute: readonly number[];
}

/** Who gave an order, when, and why. */
export interface Given {
  who: string;
  /** Epoch milliseconds. */
  at: number;
  reason: string;
}

export interface Override extends Given {
  /** At least so many free gateways, whatever the policy wants. */
  minFree?: number;
  /** At most so many gateways, of all states, in the place of what the policy allows. */
  maximum?: number;
  /** Epoch milliseconds. */
  until: number;
}

/** At least so many gateways, free or in calls, from one time to another. */
export interface Reservation extends Given {
  id: string;
  gateways: number;
  /** Epoch milliseconds. */
  from: number;
  to: number;
}

export interface PoolOrders {
  paused?: Given;
  override?: Override;
  reservations: readonly Reservation[];
}

export interface FleetInput {
  /** Epoch milliseconds. */
  nowMs: number;
  policy: FleetPolicy;
  counts: PoolCounts;
  /** Calls that wait for a gateway. */
  waiting: number;
  recentStarts: RecentStarts;
  /** As the last decision left it; `{}` at first. */
  memory: FleetMemory;
  /** Used by the predictive policy; without it that one knows the profile only. */
  demand?: RecentDemand;
  /** What operators have ordered; none where there is nothing. */
  orders?: PoolOrders;
  /** How long a start takes, milliseconds: so long before its time a reservation begins to count. */
  startMs?: number;
  /** What `learn` made of earlier days, for the predictive policy; without it that one knows today only. */
  profile?: Profile;
}

/** When to stop starting because starts fail. */
export interface BreakerSettings {
  /** So many failures in a row open the breaker. */
  failures: number;
  /** The pause before the first trial; each failed trial doubles it. */
  pauseSec: number;
  maxPauseSec: number;
}

export interface CommonPolicy {
  /** IANA name; the times of day of the policy are read in it. */
  timeZone: string;
  /** Gateways that may exist at once, of all states. */
  maxGateways: number;
  /** Seconds from the request of a start to its registration that most starts stay below. */
  startSec: number;
  /** Starts that may be under way at once. */
  maxStarting: number;
  /** How long gateways must have been superfluous before they are drained. */
  drainAfterSec: number;
  breaker: BreakerSettings;
}

export interface TimelinePolicy extends CommonPolicy {
  policy: 'timeline';
  week: WeekTimeline;
}

export interface PredictivePolicy extends CommonPolicy {
  policy: 'predictive';
  /** Whether a gateway turns off after its call (`single-use`) or takes the next (`reuse`). */
  gateways: 'single-use' | 'reuse';
  /** Free gateways wanted even when no call is expected. */
  minFree: number;
  /** Share of calls, 0..1, that should find a free gateway. */
  serviceLevel: number;
  /** Free gateways wanted as a share of those in calls, for a rush that nothing announces. */
  reserveShare: number;
}

export type FleetPolicy = TimelinePolicy | PredictivePolicy;

export type FleetAction = 'start' | 'drain' | 'none';
export type FleetWarning = 'starts-failing' | 'at-maximum';

/** What kept a start below the need. */
export type FleetLimit = 'maximum' | 'starts-in-flight';

/** The numbers that a policy came to, for people who ask why. */
export type PolicyFigures =
  | {
      policy: 'timeline';
      weekday: number;
      /** Seconds of the local day from which the row holds. */
      fromSec: number;
      unlockedMin: number;
      loadMax: number;
      maxGw?: number;
    }
  | {
      policy: 'predictive';
      /** Calls expected until a gateway started now is there, by the earlier days alone. */
      usual: number;
      /** How the last hour compares with earlier days: 2 is twice as many calls. */
      today: number;
      /** How the same minutes of the half-hours before compare with that. */
      echo: number;
      /** How the last minutes compare with all that. */
      burst: number;
      /** Calls expected by all of it: the product. */
      expected: number;
      /** Calls expected by all of it in the next minute of the clock. */
      nextMinute: Foreseen;
      /** Reused gateways that will be back until then. */
      returning: number;
      /** Free gateways wanted as a share of those in calls. */
      reserve: number;
    };

interface Compared {
  figures: PolicyFigures;
  /** Free gateways (those to come included) wanted now, waiting calls apart. */
  level: number;
  /** Free gateways above which they are superfluous. */
  keep: number;
  /** Free gateways there are, those to come included. */
  ready: number;
}

export type FleetReason =
  | (Compared & { rule: 'short'; short: number; limit?: FleetLimit })
  | (Compared & { rule: 'full'; short: number; limit: FleetLimit })
  | (Compared & { rule: 'surplus'; surplus: number; sinceMs: number })
  | (Compared & { rule: 'surplus-young'; surplus: number; sinceMs: number })
  | (Compared & { rule: 'enough' })
  /** An operator has paused the pool. */
  | (Compared & { rule: 'paused' })
  /** Starts fail: none until `retryAt`. */
  | (Compared & { rule: 'breaker-open'; short: number; failures: number })
  /** Starts failed; the pause is over, and one is tried. */
  | (Compared & { rule: 'breaker-trial'; short: number; failures: number })
  /** That one is under way. */
  | (Compared & { rule: 'breaker-waits'; short: number; failures: number });

export interface FleetDecision {
  action: FleetAction;
  /** Gateways to start or to drain; 0 for none. */
  count: number;
  reason: FleetReason;
  warning?: FleetWarning;
  /** Epoch milliseconds: when the breaker lets a start be tried again. */
  retryAt?: number;
  memory: FleetMemory;
}

/** What a policy wants at a moment. */
export interface Need {
  level: number;
  keep: number;
  /** Gateways at most, of all states. */
  max: number;
  figures: PolicyFigures;
}
