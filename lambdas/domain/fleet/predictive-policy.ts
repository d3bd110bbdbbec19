import { forecast } from '../demand/forecast.ts';
import { nextMinuteAt } from '../demand/foreseen.ts';
import { callsAtMost } from '../demand/quantile.ts';
import type { FleetInput, Need, PredictivePolicy } from './types.ts';

/** A start may come so much later than the moment that called for it: when nothing happens, once a minute. */
const decideLagSec = 30;
/** What will be used within this time, if all goes as expected, is not drained. */
const keepSec = 300;
/** How far a forecast errs, relative to it, where no day has shown it. */
const unknownSpread = 0.5;

/**
 * Free gateways wanted: as many as calls may come, with the probability `serviceLevel`, until a gateway that is
 * requested now is there; and never less than a share of those in calls, for a rush that nothing announces.
 */
export function predictiveNeed(policy: PredictivePolicy, input: FleetInput): Need {
  const { counts, profile } = input;
  const { usual, expected, today, echo, burst } = forecast(policy, input);
  const leadSec = policy.startSec + decideLagSec;
  const returning = (forSec: number) =>
    policy.gateways === 'reuse' && profile !== undefined
      ? returns(counts.busy, forSec, profile.meanCallSec)
      : 0;

  const calls = expected(0, leadSec);
  const ahead = callsAtMost(calls, profile?.spread ?? unknownSpread, policy.serviceLevel);
  const reserve = policy.reserveShare * (counts.locked + counts.busy);
  const level = Math.ceil(Math.max(policy.minFree, Math.max(ahead, reserve) - returning(leadSec)));
  const soon = expected(leadSec, leadSec + keepSec) - returning(keepSec);
  const at = nextMinuteAt(input.nowMs);
  const toNextSec = (at - input.nowMs) / 1000;
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    level,
    keep: level + Math.max(0, Math.floor(soon)),
    max: policy.maxGateways,
    figures: {
      policy: 'predictive',
      usual: round(usual(0, leadSec)),
      today: round(today),
      echo: round(echo(0, leadSec)),
      burst: round(burst),
      expected: round(calls),
      nextMinute: { at, calls: round(expected(toNextSec, toNextSec + 60)) },
      returning: round(returning(leadSec)),
      reserve: round(reserve),
    },
  };
}

/** Gateways in calls that will be free again, less what chance may take: calls end as if at any moment. */
function returns(busy: number, forSec: number, meanCallSec: number): number {
  const mean = busy * (1 - Math.exp(-forSec / meanCallSec));
  return Math.max(0, Math.floor(mean - 2 * Math.sqrt(mean)));
}
