import { weekdayOf } from '../../../lambdas/domain/demand/local-time.ts';
import {
  type DemandDay,
  learn,
  type Profile,
  slotAt,
  slotMin,
} from '../../../lambdas/domain/demand/profile.ts';
import { factor, randomFor } from './random.ts';
import { resample } from './resample.ts';
import { addDays, type Trace, type TraceCall } from './trace.ts';

/** Volume of each weekday against the trace's Tuesday, Sunday first. Assumed: the trace is one day. */
export const weekdayVolume = [0.03, 0.95, 1, 0.85, 1.05, 0.75, 0.05] as const;

/** How much a day's volume differs from its weekday's. */
const dayVolumeSpread = 0.12;

export interface HistorySettings {
  seed: number;
  days: number;
  /** The last so many of them are holidays. */
  holidays: number;
}

/** Calls on a holiday, as a share of the usual. */
const holidayVolume = 0.1;

/**
 * What a policy may have learned when the day begins: days before it, each drawn from the trace anew. The day itself
 * is never among them.
 * @param date the day to be played
 */
export function profileBefore(
  trace: Trace,
  date: string,
  timeZone: string,
  settings: HistorySettings,
): Profile | undefined {
  const days = Array.from({ length: settings.days }, (_, i): DemandDay => {
    const day = addDays(date, -(i + 1));
    const random = randomFor(settings.seed, `history ${day}`);
    const usual = (weekdayVolume[weekdayOf(day)] ?? 1) * factor(random, dayVolumeSpread);
    const volume = usual * (i < settings.holidays ? holidayVolume : 1);
    return demandOf(resample(trace, random, { date: day, volume }), day, timeZone);
  });
  return learn(days);
}

/** A day as production keeps it. */
function demandOf(calls: readonly TraceCall[], date: string, timeZone: string): DemandDay {
  const arrivals = new Array<number>((24 * 60) / slotMin).fill(0);
  for (const { startMs } of calls) {
    const { slot } = slotAt(startMs, timeZone);
    arrivals[slot] = (arrivals[slot] ?? 0) + 1;
  }
  const endedSec = calls.reduce((sum, { durationMs }) => sum + durationMs / 1000, 0);
  return { date, slotMin, arrivals, ended: calls.length, endedSec };
}
