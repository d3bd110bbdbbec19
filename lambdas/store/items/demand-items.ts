import { demandMinutes } from '../../domain/demand/forecast.ts';
import { localTime } from '../../domain/demand/local-time.ts';
import { type DemandDay, slotMin } from '../../domain/demand/profile.ts';
import type { Item } from '../attributes.ts';

/*
 * The calls that came, counted as they come: by minute in an item an hour, for what the last hour shows, and by slot of
 * the local day in an item a day, for what earlier days teach. Both are small, so that counting stays one write unit.
 */

const hourMs = 3_600_000;
const minuteMs = 60_000;
const slotsOfDay = (24 * 60) / slotMin;

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

/** @returns the keys of the hours that `perMinute` needs */
export function recentKeys(nowMs: number): string[] {
  const hours = Math.ceil(demandMinutes / 60) + 1;
  return Array.from({ length: hours }, (_, back) => minutesKey(nowMs - back * hourMs));
}

/** @returns calls by minute, newest first: minutes that nobody came in are zeros */
export function perMinuteOf(items: readonly Item[], nowMs: number): number[] {
  const byKey = new Map(items.map((item) => [String(item.pk), item]));
  return Array.from({ length: demandMinutes }, (_, back) => {
    const atMs = nowMs - back * minuteMs;
    return Number(byKey.get(minutesKey(atMs))?.[minuteAttribute(atMs)] ?? 0);
  });
}

export function demandDayOf(item: Item): DemandDay {
  return {
    date: String(item.date),
    slotMin,
    arrivals: Array.from({ length: slotsOfDay }, (_, slot) => Number(item[`s${slot}`] ?? 0)),
    ended: Number(item.ended ?? 0),
    endedSec: Number(item.endedSec ?? 0),
  };
}
