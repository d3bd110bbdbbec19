import { weekdayOf } from '../../../lambdas/domain/demand/local-time.ts';
import type { Random } from '../../../lambdas/domain/time.ts';
import { weekdayVolume } from './history.ts';
import { between, factor, normal, randomFor } from './random.ts';
import { dayMs, inOrder, resample } from './resample.ts';
import { addDays, midnightMs, type Trace, type TraceCall } from './trace.ts';

interface Day {
  /** For tables. */
  what: string;
  /** Days after the trace's. */
  after: number;
  /** The last days before it were holidays: what the policies learn from. */
  holidays?: number;
  draw(trace: Trace, random: Random, date: string, options: DrawOptions): TraceCall[];
}

export interface DrawOptions {
  /** The minute of the day in which the tenfold surge begins. */
  surgeMinute: number;
}

const hour = 60 * 60_000;
const minute = 60_000;

/** The synthetic days; each is drawn from the trace by a seed. */
export const days = {
  weekday: {
    what: 'a Thursday',
    after: 2,
    draw: usual,
  },
  friday: {
    what: 'a Friday',
    after: 3,
    draw: usual,
  },
  'half-hour-surges': {
    what: 'a Tuesday on which two calls of three come within two minutes of a full or half hour',
    after: 7,
    draw: (trace, random, date) => {
      const from = midnightMs(date, trace.offsetMin);
      return inOrder(
        usual(trace, random, date).map((call) => {
          if (random() > 2 / 3) return call;
          const nearest = Math.round((call.startMs - from) / (30 * minute)) * 30 * minute;
          return { ...call, startMs: from + nearest + Math.round(normal(random) * 60) * 1000 };
        }),
      );
    },
  },
  'after-holidays': {
    what: 'a Monday after two weeks of holidays, busier than usual',
    after: 48,
    holidays: 14,
    draw: (trace, random, date) => resample(trace, random, { date, volume: 1.2 }),
  },
  'flat-night': {
    what: 'a night around the clock: ten calls an hour, at any moment',
    after: 7,
    draw: (trace, random, date) => {
      const from = midnightMs(date, trace.offsetMin);
      const calls: TraceCall[] = [];
      for (let at = from; ; ) {
        at += Math.ceil(-Math.log(1 - random()) * (hour / 10 / 1000)) * 1000;
        if (at >= from + dayMs) return calls;
        calls.push({ startMs: at, durationMs: anyDuration(trace, random) });
      }
    },
  },
  'tenfold-surge': {
    what: 'a Tuesday on which calls come ten times as fast for ten minutes',
    after: 7,
    draw: (trace, random, date, { surgeMinute }) => {
      // At any second of that minute: a policy that counts by the minute must not be helped by it.
      const from =
        midnightMs(date, trace.offsetMin) + surgeMinute * minute + Math.floor(random() * 60) * 1000;
      const day = usual(trace, random, date);
      const then = day.filter(({ startMs }) => startMs >= from && startMs < from + surgeMs);
      const more = then.flatMap(() =>
        Array.from({ length: 9 }, () => ({
          startMs: from + Math.round(between(random, 0, surgeMs / 1000)) * 1000,
          durationMs: anyDuration(trace, random),
        })),
      );
      return inOrder([...day, ...more]);
    },
  },
} satisfies Record<string, Day>;

export type DayName = keyof typeof days;

const surgeMs = 10 * minute;

/** @returns the day as a trace of its own, and how many of the days before it were holidays. */
export function syntheticDay(
  name: DayName,
  trace: Trace,
  seed: number,
  options: DrawOptions,
): { trace: Trace; holidays: number } {
  const day: Day = days[name];
  const date = addDays(trace.date, day.after);
  const calls = day.draw(trace, randomFor(seed, `day ${name}`), date, options);
  return { trace: { calls, offsetMin: trace.offsetMin, date }, holidays: day.holidays ?? 0 };
}

function usual(trace: Trace, random: Random, date: string): TraceCall[] {
  const volume = (weekdayVolume[weekdayOf(date)] ?? 1) * factor(random, 0.12);
  return resample(trace, random, { date, volume });
}

function anyDuration(trace: Trace, random: Random): number {
  return trace.calls[Math.floor(random() * trace.calls.length)]?.durationMs ?? minute;
}
