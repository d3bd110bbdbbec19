import { percentile } from '../support/stats.ts';
import { type DayName, syntheticDay } from './day/days.ts';
import { profileBefore } from './day/history.ts';
import { randomFor } from './day/random.ts';
import { dayMs } from './day/resample.ts';
import { midnightMs, type Trace } from './day/trace.ts';
import { controllerOf } from './policies.ts';
import { replay } from './replay.ts';
import type { Replayed } from './replayed.ts';

export interface RunSettings {
  /** A synthetic day drawn from the trace; the trace's own day without it. */
  day?: DayName;
  /** One of `policyNames`, or any name of what `policyJson` holds. */
  policy: string;
  policyJson?: unknown;
  startSec: readonly [number, number];
  gateways: 'single-use' | 'reuse';
  maxGateways: number;
  waitLimitSec: number;
  stopSec: number;
  seed: number;
  historyDays: number;
  timeZone: string;
  surgeMinute: number;
}

/** What a run is judged by. */
export interface Figures {
  /** From the request of each start to its gateway's end. */
  gatewayHours: number;
  gatewayHoursPerCallHour: number;
  /** Calls that found no free gateway, in percent of all. */
  waitedPct: number;
  /** Over all calls: one that found a gateway waited 0. */
  waitSec: Record<'p50' | 'p95' | 'p99' | 'max', number>;
  refused: number;
  starts: number;
}

/** The day that a run plays, and how many days before it were holidays. */
export function dayOf(trace: Trace, settings: RunSettings): { trace: Trace; holidays: number } {
  const { day, seed, surgeMinute } = settings;
  return day === undefined ? { trace, holidays: 0 } : syntheticDay(day, trace, seed, { surgeMinute });
}

/**
 * Plays a day, its own or one drawn from it, against a policy, from midnight until the last call is over.
 * @param trace what the day and the days before it are drawn from
 */
export function simulate(trace: Trace, settings: RunSettings): Replayed {
  const { seed, timeZone, gateways, maxGateways } = settings;
  const day = dayOf(trace, settings);
  const profile = profileBefore(trace, day.trace.date, timeZone, {
    seed,
    days: settings.historyDays,
    holidays: day.holidays,
  });
  // As a deployment has it by default: what starts really take here is for the policy to meet.
  const defaults = { timeZone, maxGateways, startSec: 120, gateways };
  const controller = controllerOf(settings.policy, settings.policyJson, defaults, profile);
  const fromMs = midnightMs(day.trace.date, day.trace.offsetMin);
  return replay(day.trace.calls, controller, {
    fromMs,
    untilMs: fromMs + dayMs,
    startSec: settings.startSec,
    gateways,
    waitLimitSec: settings.waitLimitSec,
    stopSec: settings.stopSec,
    random: randomFor(seed, 'starts'),
  });
}

export function figuresOf(run: Replayed): Figures {
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  const wait = (share: number) => rounded(percentile(run.waitsSec, share), 1);
  return {
    gatewayHours: rounded(run.gatewayHours, 2),
    gatewayHoursPerCallHour: rounded(run.gatewayHours / run.callHours, 4),
    waitedPct: rounded((100 * run.waited.length) / run.calls, 3),
    waitSec: { p50: wait(0.5), p95: wait(0.95), p99: wait(0.99), max: wait(1) },
    refused: run.refused,
    starts: run.starts,
  };
}
