import type { FleetInput, PredictivePolicy } from '../fleet/types.ts';
import { type Calls, type SeenCalls, seenCalls, usualCalls } from './recent-demand.ts';

/** How today compares with what was expected, each factor 1 where it is as expected. */
export interface Forecast {
  /** Calls that earlier days alone let expect. */
  usual: Calls;
  /** Calls expected, by all that is known. */
  expected: Calls;
  /** The last hour against the earlier days. */
  today: number;
  /** The same minutes of the half-hours before against that: surges that come at full and half hours today. */
  echo: Calls;
  /** The last minutes against all that. */
  burst: number;
}

/** Over how many minutes today is compared with earlier days, and how many calls' worth those weigh against it. */
const todayMin = 60;
const todayPrior = 5;

/** How many half-hours back an echo is looked for, and how many calls' worth no echo weighs. */
const echoes = 3;
const echoSec = 1800;
const echoPrior = 10;

/** Minutes, beside the running one, that a burst is measured over, and how many calls' worth no burst weighs. */
const burstMin = 4;
const burstPrior = 3;
/**
 * A rush is taken for one within the running minute already, when chance alone would not bring so many calls: five
 * deviations. It is then taken for twice what it seems: of more starts the first come sooner, and it may still grow.
 */
const rushDeviations = 5;
const rushCalls = 3;
const rushFactor = 2;
const rushPrior = 0.5;

/** Minutes of past demand that a forecast looks at. */
export const demandMinutes = (echoes * echoSec) / 60 + burstMin + 2;

/** What is to be expected now: the usual, times how today differs from it, in three steps from slow to quick. */
export function forecast(policy: PredictivePolicy, input: FleetInput): Forecast {
  const usual = usualCalls(input.profile, policy.timeZone, input.nowMs);
  const seen = seenCalls(input.demand, input.nowMs);
  const knownSec = seen.runningSec + seen.minutes * 60;

  const lookBackSec = Math.min(knownSec, todayMin * 60);
  const today = ratio(seen.calls(-lookBackSec, 0), usual(-lookBackSec, 0), todayPrior);

  const echo: Calls = (fromSec, toSec) => {
    let came = 0;
    let due = 0;
    for (let back = echoSec; back <= echoes * echoSec && back - fromSec <= knownSec; back += echoSec) {
      came += seen.calls(fromSec - back, toSec - back);
      due += usual(fromSec - back, toSec - back) * today;
    }
    return ratio(came, due, echoPrior);
  };
  const steady: Calls = (fromSec, toSec) => usual(fromSec, toSec) * today * echo(fromSec, toSec);
  // Without earlier days each morning looks like a rush.
  const burst = burstOf(seen, steady, input.profile === undefined ? 1 : rushFactor);
  return { usual, expected: (fromSec, toSec) => steady(fromSec, toSec) * burst, today, echo, burst };
}

/** The gamma-Poisson estimate of a factor around 1: with few calls it stays near 1. */
function ratio(came: number, due: number, prior: number): number {
  return (prior + came) / (prior + due);
}

function burstOf(seen: SeenCalls, steady: Calls, taken: number): number {
  const minutes = Math.min(burstMin, seen.minutes);
  const since = (minute: number) => -seen.runningSec - minute * 60;
  let burst = ratio(seen.calls(since(minutes), 0), steady(since(minutes), 0), burstPrior);
  for (let minute = minutes - 1; minute >= 0; minute -= 1) {
    const came = seen.calls(since(minute), 0);
    const due = steady(since(minute), 0);
    if (came > due + rushDeviations * Math.sqrt(due) + rushCalls) {
      burst = Math.max(burst, (taken * came) / (due + rushPrior));
    }
  }
  return burst;
}
