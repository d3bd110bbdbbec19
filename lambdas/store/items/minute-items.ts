import * as z from 'zod';
import type { MinuteSample } from '../../domain/minute-sample.ts';
import { expiryAfter } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import type { Update } from '../transaction.ts';

/*
 * How it stood in each minute, in an item an hour: a day is read as two dozen small items, whatever went on. A count of zero
 * is left out, since each write of an item is paid by its size; of what was expected, zero is not the same as nothing known.
 */

const minuteMs = 60_000;
const hourMs = 3_600_000;
const hoursOfDay = 24;
const keptSec = 30 * 24 * 3600;

const count = z.number().default(0);
const sampleSchema = z
  .object({
    free: count,
    locked: count,
    busy: count,
    held: count,
    draining: count,
    starting: count,
    waiting: count,
    calls: count,
    wanted: z.number().exactOptional(),
    foreseen: z.number().exactOptional(),
    failed: z.record(z.string(), z.number()).default({}),
  })
  .transform(({ failed, ...rest }): MinuteSample => ({ ...rest, failed: new Map(Object.entries(failed)) }));

const hourKey = (atMs: number) => `MINUTES#${new Date(atMs).toISOString().slice(0, 13)}`;
const attributeOf = (atMs: number) => `m${Math.floor(atMs / minuteMs) % 60}`;

/** Keeps the sample of a minute; written twice, the later one stays. @param atMs any moment of it */
export function putSample(atMs: number, { failed, wanted, foreseen, ...counts }: MinuteSample) {
  const sample = {
    ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0)),
    ...(wanted !== undefined && { wanted }),
    ...(foreseen !== undefined && { foreseen }),
    ...(failed.size > 0 && { failed: Object.fromEntries(failed) }),
  };
  return {
    update: hourKey(atMs),
    set: { [attributeOf(atMs)]: sample, expiresAt: expiryAfter(atMs, keptSec) },
  } satisfies Update;
}

/** @returns the keys of what is known of a day. @param fromMs its first moment */
export function keysOfDay(fromMs: number): string[] {
  return Array.from({ length: hoursOfDay }, (_, hour) => hourKey(fromMs + hour * hourMs));
}

/** @returns the keys of what is known of the last minutes */
export function lastSampleKeys(nowMs: number): string[] {
  return [hourKey(nowMs), hourKey(nowMs - hourMs)];
}

/** @returns the newest sample of the last hour, and when its minute began; undefined where there is none */
export function lastSampleOf(
  items: readonly Item[],
  nowMs: number,
): { at: number; sample: MinuteSample } | undefined {
  const byKey = new Map(items.map((item) => [String(item.pk), item]));
  const minute = Math.floor(nowMs / minuteMs);
  for (let back = 0; back < 60; back += 1) {
    const at = (minute - back) * minuteMs;
    const { data } = sampleSchema.safeParse(byKey.get(hourKey(at))?.[attributeOf(at)]);
    if (data !== undefined) return { at, sample: data };
  }
  return undefined;
}

/** @returns the samples of a day's minutes up to this moment; undefined for one of which nothing is known */
export function samplesOf(
  items: readonly Item[],
  fromMs: number,
  untilMs: number,
): (MinuteSample | undefined)[] {
  const byKey = new Map(items.map((item) => [String(item.pk), item]));
  const minutes = Math.ceil(Math.min(untilMs - fromMs, hoursOfDay * hourMs) / minuteMs);
  return Array.from({ length: Math.max(0, minutes) }, (_, minute) => {
    const atMs = fromMs + minute * minuteMs;
    return sampleSchema.safeParse(byKey.get(hourKey(atMs))?.[attributeOf(atMs)]).data;
  });
}
