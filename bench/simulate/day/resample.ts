import type { Random } from '../../../lambdas/domain/time.ts';
import { between, factor, normal, poisson } from './random.ts';
import { midnightMs, type Trace, type TraceCall } from './trace.ts';

/** What a day is drawn like. */
export interface DayDraw {
  date: string;
  /** Calls, as a share of the trace's. */
  volume: number;
}

/** How much half-hours differ from day to day, beyond chance. */
const halfHourSpread = 0.2;
/** How far a call may stand from where the trace has it (one standard deviation). */
const jitterSec = 60;

/**
 * Another day like the trace: each half-hour as busy as the trace's times a factor of its own, its calls drawn from
 * the trace with replacement, moved a little, longer or shorter by up to a tenth.
 */
export function resample(trace: Trace, random: Random, { date, volume }: DayDraw): TraceCall[] {
  const from = midnightMs(trace.date, trace.offsetMin);
  const to = midnightMs(date, trace.offsetMin);
  const halfHours = Array.from({ length: 48 }, () => factor(random, halfHourSpread));
  const calls: TraceCall[] = [];
  for (const { startMs, durationMs } of trace.calls) {
    const ofDayMs = startMs - from;
    const busy = halfHours[Math.floor(ofDayMs / 1_800_000) % 48] ?? 1;
    for (let times = poisson(random, volume * busy); times > 0; times -= 1) {
      const movedMs = ofDayMs + Math.round(normal(random) * jitterSec) * 1000;
      calls.push({
        startMs: to + Math.min(dayMs - 1000, Math.max(0, movedMs)),
        durationMs: roundedMs(durationMs * between(random, 0.9, 1.1)),
      });
    }
  }
  return inOrder(calls);
}

export const dayMs = 86_400_000;

export function inOrder(calls: TraceCall[]): TraceCall[] {
  return calls.sort((a, b) => a.startMs - b.startMs);
}

/** Whole seconds, as a trace has them. */
function roundedMs(ms: number): number {
  return Math.max(1000, Math.round(ms / 1000) * 1000);
}
