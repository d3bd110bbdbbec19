import { localTime } from './local-time.ts';
import type { Profile } from './profile.ts';
import { callsAtMost } from './quantile.ts';
import type { FleetInput, Need, PredictivePolicy, RecentDemand } from './types.ts';

/** A decision may come so much later than the moment it is for. */
const decideEverySec = 60;
/** What the next minutes will use is not drained. */
const keepSec = 300;
/** Windows, in minutes, over which today and the moment are compared with what was expected. */
const todayMin = 30;
const burstMin = 5;
/** How many calls' worth the expectation weighs against the last minutes. */
const burstPrior = 1;
/** A call every ten minutes is never a surprise. */
const floorPerSec = 1 / 600;

/**
 * Free gateways wanted: as many as calls may come until a gateway requested now is there, with the probability
 * `serviceLevel`. What is expected is the usual of this weekday and time, times how today compares so far, times how
 * the last minutes compare with that.
 */
export function predictiveNeed(policy: PredictivePolicy, input: FleetInput): Need {
  const { nowMs, profile, demand, counts } = input;
  const rate = usualRate(profile, policy, nowMs);
  const seen = compare(rate, profile, demand, nowMs);
  const leadSec = policy.startSec + decideEverySec;
  const usual = rate(0, leadSec);
  const spread = Math.hypot(profile?.slotSpread ?? 0.5, seen.spread);
  const factor = seen.today * seen.burst;
  const returning = (forSec: number) =>
    policy.gateways === 'reuse'
      ? returns(counts.busy, forSec, profile?.meanCallSec ?? Number.POSITIVE_INFINITY)
      : 0;
  const wanted = (forSec: number) =>
    Math.max(
      policy.minFree,
      callsAtMost(rate(0, forSec) * factor, spread, policy.serviceLevel) - returning(forSec),
    );
  const level = Math.ceil(wanted(leadSec));
  const keep = Math.max(level, Math.ceil(wanted(leadSec + keepSec)));
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    level,
    keep,
    max: policy.maxGateways,
    figures: {
      policy: 'predictive',
      usual: round(usual),
      expected: round(usual * factor),
      today: round(seen.today),
      burst: round(seen.burst),
      returning: round(returning(leadSec)),
    },
  };
}

/** Calls usual between two moments, in seconds from now. */
type Rate = (fromSec: number, toSec: number) => number;

function usualRate(profile: Profile | undefined, policy: PredictivePolicy, nowMs: number): Rate {
  const { weekday, secOfDay } = localTime(nowMs, policy.timeZone);
  return (fromSec, toSec) => {
    const floor = (toSec - fromSec) * floorPerSec;
    if (profile === undefined) return floor;
    const slotSec = profile.slotMin * 60;
    let sum = 0;
    let at = secOfDay + fromSec;
    const end = secOfDay + toSec;
    while (at < end) {
      const slot = Math.floor(at / slotSec);
      const until = Math.min(end, (slot + 1) * slotSec);
      const ofDay = 86_400 / slotSec;
      const day = Math.floor(slot / ofDay);
      const calls = profile.rates[(((weekday + day) % 7) + 7) % 7]?.[slot - day * ofDay] ?? 0;
      sum += (calls * (until - at)) / slotSec;
      at = until;
    }
    return Math.max(sum, floor);
  };
}

interface Seen {
  today: number;
  burst: number;
  /** Relative deviation of their product. */
  spread: number;
}

/**
 * How today, and how the last minutes compare with what was expected: gamma-Poisson estimates, whose prior is 1 and
 * weighs as much as the days before have varied little.
 */
function compare(
  rate: Rate,
  profile: Profile | undefined,
  demand: RecentDemand | undefined,
  nowMs: number,
): Seen {
  const prior = 1 / (profile?.daySpread ?? 1) ** 2;
  if (demand === undefined) return { today: 1, burst: 1, spread: 1 / Math.sqrt(prior) };
  const runningSec = (nowMs / 1000) % 60;
  const window = (minutes: number) => {
    const counted = demand.perMinute.slice(0, minutes + 1);
    const seen = counted.reduce((a, b) => a + b, 0);
    const backSec = runningSec + Math.max(0, counted.length - 1) * 60;
    return { seen, expected: rate(-backSec, 0), slots: Math.max(1, backSec / 60 / (profile?.slotMin ?? 5)) };
  };
  const long = window(todayMin);
  // Slots vary beyond chance, so that a call tells less than a call of Poisson's would.
  const noise = 1 + (profile?.slotSpread ?? 0.5) ** 2 * (long.expected / long.slots);
  const shape = prior + long.seen / noise;
  const today = shape / (prior + long.expected / noise);
  const short = window(burstMin);
  const burstShape = burstPrior + short.seen;
  const burst = burstShape / (burstPrior + short.expected * today);
  return { today, burst, spread: Math.hypot(1 / Math.sqrt(shape), 1 / Math.sqrt(burstShape)) };
}

/** Gateways in calls that will be free again, less what chance may take: calls end as if at any moment. */
function returns(busy: number, forSec: number, meanCallSec: number): number {
  const mean = busy * (1 - Math.exp(-forSec / meanCallSec));
  return Math.max(0, Math.floor(mean - 2 * Math.sqrt(mean)));
}
