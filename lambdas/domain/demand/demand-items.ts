import type { Fact } from '../../../contracts/facts.ts';
import type { Call } from '../items.ts';
import { demandMinutes } from './forecast.ts';
import { localTime } from './local-time.ts';
import { type DemandDay, slotMin } from './profile.ts';

/*
 * The calls that came, counted as they come: by minute in an item an hour, for what the last hour shows, and by slot of
 * the local day in an item a day, for what earlier days teach. Both are small, so that counting stays one write unit.
 */

const hourMs = 3_600_000;
const minuteMs = 60_000;
const slotsOfDay = (24 * 60) / slotMin;
/** Days that are learnt from; each counts half after three weeks. */
const learntDays = 56;

export function minutesKey(atMs: number): string {
  return `ARRIVALS#${new Date(atMs).toISOString().slice(0, 13)}`;
}

export function minuteAttribute(atMs: number): string {
  return `m${Math.floor(atMs / minuteMs) % 60}`;
}

export function dayKey(date: string): string {
  return `DEMAND#${date}`;
}

/** @returns the local day of a moment, and the attribute of its slot */
export function slotOf(atMs: number, timeZone: string): { date: string; attribute: string } {
  const { date, secOfDay } = localTime(atMs, timeZone);
  return { date, attribute: `s${Math.floor(secOfDay / 60 / slotMin)}` };
}

/**
 * Whether a fact tells of a call for the first time: it waits, is offered without having waited, or is refused for
 * want of a gateway. So each call counts once.
 * @param call its record, if there is one
 */
export function isArrival(fact: Fact, call: Call | undefined): boolean {
  if (fact.type === 'call.waiting') return true;
  if (call?.waitingSince !== undefined) return false;
  if (fact.type === 'call.offered') return fact.attempt === 1;
  return fact.type === 'call.failed' && fact.outcome === 'pool-exhausted' && fact.failed.length === 0;
}

/** @returns the keys of the hours that `perMinute` needs */
export function recentKeys(nowMs: number): string[] {
  const hours = Math.ceil(demandMinutes / 60) + 1;
  return Array.from({ length: hours }, (_, back) => minutesKey(nowMs - back * hourMs));
}

/** @returns calls by minute, newest first: minutes that nobody came in are zeros */
export function perMinuteOf(items: readonly Record<string, unknown>[], nowMs: number): number[] {
  const byKey = new Map(items.map((item) => [String(item.pk), item]));
  return Array.from({ length: demandMinutes }, (_, back) => {
    const atMs = nowMs - back * minuteMs;
    return Number(byKey.get(minutesKey(atMs))?.[minuteAttribute(atMs)] ?? 0);
  });
}

/** @returns the days before this one that are learnt from, as the policy's time zone has them */
export function learntDates(nowMs: number, timeZone: string): string[] {
  const { date } = localTime(nowMs, timeZone);
  return Array.from({ length: learntDays }, (_, back) =>
    new Date(Date.parse(date) - (back + 1) * 24 * hourMs).toISOString().slice(0, 10),
  );
}

export function demandDayOf(item: Record<string, unknown>): DemandDay {
  return {
    date: String(item.date),
    slotMin,
    arrivals: Array.from({ length: slotsOfDay }, (_, slot) => Number(item[`s${slot}`] ?? 0)),
    ended: Number(item.ended ?? 0),
    endedSec: Number(item.endedSec ?? 0),
  };
}
