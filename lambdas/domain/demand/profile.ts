import { localTime, weekdayOf } from './local-time.ts';

/** The calls offered on one day, as it is kept: one small item a day. */
export interface DemandDay {
  /** yyyy-mm-dd, in the policy's time zone. */
  date: string;
  /** Width of a slot; divides 60. */
  slotMin: number;
  /** Calls by slot of the clock on the wall, from 00:00. An hour shown twice adds up, one never shown stays 0. */
  arrivals: readonly number[];
  /** Calls that ended, and the seconds they took in all. */
  ended: number;
  endedSec: number;
}

/** What earlier days teach of the days to come. */
export interface Profile {
  slotMin: number;
  /** By weekday (0 is Sunday), calls expected in each slot of the day. */
  rates: readonly (readonly number[])[];
  /** How far a slot deviates from what its weekday and the slot before it let expect, beyond chance, relative. */
  spread: number;
  meanCallSec: number;
}

/** The width that days are kept in: narrow enough for the surges, wide enough for a small item. */
export const slotMin = 5;

/** The day and the slot of it that a call offered now belongs to. */
export function slotAt(atMs: number, timeZone: string): { date: string; slot: number } {
  const { date, secOfDay } = localTime(atMs, timeZone);
  return { date, slot: Math.floor(secOfDay / 60 / slotMin) };
}

/** A day counts half as much after three weeks. */
const halfLifeDays = 21;
/** How many days' worth the general pattern weighs against what a group of days, and a weekday alone, has shown. */
const patternDays = 1;
const groupDays = 2;
/** What is assumed until days have shown it, as if so many slots of a hundred calls had. */
const assumedSpread = 0.3;
const assumedSlots = 20;
const assumedCallSec = 1800;

/**
 * Learns what to expect of each weekday. Three layers, each the fallback of the next, so that a week of history is
 * useful and a month is precise: hours times the pattern within an hour (the surges at full and half hours); the
 * group's slots (working days, Saturdays, Sundays); the weekday's own slots.
 * @param days in any order; all of one slot width
 * @returns undefined without a day
 */
export function learn(days: readonly DemandDay[]): Profile | undefined {
  const known = weighted(days);
  const width = known[0]?.day.slotMin;
  if (width === undefined) return undefined;
  const slots = (24 * 60) / width;
  const pattern = hourPattern(known, slots);
  const groups = [0, 1, 6].map((weekday) => {
    const own = known.filter((one) => groupOf(one.weekday) === weekday);
    const members = own.length > 0 ? own : known;
    return { weekday, rates: blend(members, hoursTimesPattern(members, pattern, slots), patternDays, slots) };
  });
  const rates = Array.from({ length: 7 }, (_, weekday) => {
    const group = groups.find((one) => one.weekday === groupOf(weekday))?.rates ?? [];
    return blend(
      known.filter((one) => one.weekday === weekday),
      group,
      groupDays,
      slots,
    );
  });
  return { slotMin: width, rates, spread: spreadOf(known, rates), meanCallSec: meanCall(known) };
}

interface Weighted {
  day: DemandDay;
  weekday: number;
  weight: number;
}

function weighted(days: readonly DemandDay[]): Weighted[] {
  const newest = Math.max(...days.map(({ date }) => Date.parse(date)));
  return days.map((day) => {
    const ageDays = (newest - Date.parse(day.date)) / 86_400_000;
    return { day, weekday: weekdayOf(day.date), weight: 0.5 ** (ageDays / halfLifeDays) };
  });
}

/** Working days resemble each other more than they do a Saturday or a Sunday. */
function groupOf(weekday: number): number {
  return weekday === 0 || weekday === 6 ? weekday : 1;
}

/** The share of an hour's calls that each of its slots has, over all days. */
function hourPattern(known: readonly Weighted[], slots: number): number[] {
  const perHour = slots / 24;
  const sums = new Array<number>(perHour).fill(0);
  for (const { day, weight } of known) {
    for (const [slot, calls] of day.arrivals.entries()) {
      sums[slot % perHour] = (sums[slot % perHour] ?? 0) + weight * calls;
    }
  }
  const total = sums.reduce((a, b) => a + b, 0);
  return sums.map((sum) => (total > 0 ? sum / total : 1 / perHour));
}

function hoursTimesPattern(
  members: readonly Weighted[],
  pattern: readonly number[],
  slots: number,
): number[] {
  const perHour = pattern.length;
  const hours = new Array<number>(24).fill(0);
  let days = 0;
  for (const { day, weight } of members) {
    days += weight;
    for (const [slot, calls] of day.arrivals.entries()) {
      const hour = Math.floor(slot / perHour);
      hours[hour] = (hours[hour] ?? 0) + weight * calls;
    }
  }
  return Array.from(
    { length: slots },
    (_, slot) => ((hours[Math.floor(slot / perHour)] ?? 0) / days) * (pattern[slot % perHour] ?? 0),
  );
}

/** The mean of the members' slots, with a fallback that weighs as much as so many days. */
function blend(
  members: readonly Weighted[],
  fallback: readonly number[],
  fallbackDays: number,
  slots: number,
): number[] {
  const weight = members.reduce((sum, one) => sum + one.weight, 0);
  return Array.from({ length: slots }, (_, slot) => {
    const own = members.reduce((sum, one) => sum + one.weight * (one.day.arrivals[slot] ?? 0), 0);
    return (own + fallbackDays * (fallback[slot] ?? 0)) / (weight + fallbackDays);
  });
}

/**
 * How far off a forecast was on the days themselves that expects of a slot what its weekday does, times how the slot
 * before it did. What chance alone brings is taken off: of the slot, and of the one before it.
 */
function spreadOf(known: readonly Weighted[], rates: readonly (readonly number[])[]): number {
  let squares = assumedSlots * 100 ** 2;
  let excess = assumedSpread ** 2 * squares;
  for (const { day, weekday, weight } of known) {
    const usual = rates[weekday] ?? [];
    for (const [slot, calls] of day.arrivals.entries()) {
      const before = day.arrivals[slot - 1] ?? 0;
      const factor = (1 + before) / (1 + (usual[slot - 1] ?? 0));
      const mean = factor * (usual[slot] ?? 0);
      squares += weight * mean ** 2;
      excess += weight * ((calls - mean) ** 2 - mean - mean ** 2 / (1 + before));
    }
  }
  return Math.sqrt(Math.max(0, excess / squares));
}

function meanCall(known: readonly Weighted[]): number {
  let ended = 0;
  let endedSec = 0;
  for (const { day, weight } of known) {
    ended += weight * day.ended;
    endedSec += weight * day.endedSec;
  }
  return ended > 0 ? endedSec / ended : assumedCallSec;
}
