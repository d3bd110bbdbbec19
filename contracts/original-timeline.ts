import * as z from 'zod';

/*
 * The thresholds of Renater's SIPMediaGW (`deploy/scaler/config/scaler.json`), read as that scaler reads them:
 *
 *   "auto_scale_threshold": { "default": { "07:00:00": { "maxGw": 4, "unlockedMin": 2, "loadMax": 0.75 }, … },
 *                             "saturday": { … }, … }
 *
 * Until 2026-04 it had no days but the times alone, and until 2026-02 no `maxGw`; both are read as well.
 */

/** One row of the original's `auto_scale_threshold`. */
export interface Threshold {
  /** Seconds of the day from which it holds. */
  fromSec: number;
  /** Free gateways wanted. */
  unlockedMin: number;
  /** Share of the gateways that may be in calls. */
  loadMax: number;
  /** Gateways at most, where the row says so. */
  maxGw?: number;
}

/** Sunday first; each row list in the order of time, the first from 0 on. */
export type WeekTimeline = readonly (readonly Threshold[])[];

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

const thresholdSchema = z.strictObject({
  unlockedMin: z.number().min(0),
  loadMax: z.number().positive(),
  maxGw: z.number().min(0).optional(),
});

const timeOfDay = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

const dayTimelineSchema = z
  .record(z.string(), thresholdSchema)
  .refine(
    (rows) => Object.keys(rows).every((time) => timeOfDay.test(time)),
    'a time of day is written HH:MM:SS, 00:00:00 to 23:59:59',
  )
  .refine((rows) => '00:00:00' in rows, 'what holds from 00:00:00 on is missing');

const weekSchema = z
  .strictObject({
    default: dayTimelineSchema.optional(),
    ...Object.fromEntries(weekdays.map((day) => [day, dayTimelineSchema.optional()])),
  })
  .refine(
    (days) => days.default !== undefined || weekdays.every((day) => day in days),
    'a day without times of its own needs "default"',
  );

type DayRows = z.infer<typeof dayTimelineSchema>;

/** The original's whole file: what does not concern the pool is left unread. */
export const originalFileSchema = z.looseObject({
  auto_scale_threshold: z.record(z.string(), z.unknown()).transform((value, context): WeekTimeline => {
    const flat = Object.keys(value).some((key) => timeOfDay.test(key));
    const parsed = weekSchema.safeParse(flat ? { default: value } : value);
    if (parsed.success) return weekOf(parsed.data as Record<string, DayRows | undefined>);
    for (const issue of parsed.error.issues) {
      const path = flat ? issue.path.slice(1) : issue.path;
      context.issues.push({ code: 'custom', input: value, message: issue.message, path });
    }
    return z.NEVER;
  }),
});

function weekOf(days: Record<string, DayRows | undefined>): WeekTimeline {
  return weekdays.map((day) => rowsOf(days[day] ?? days.default ?? {}));
}

function rowsOf(day: DayRows): Threshold[] {
  return Object.entries(day)
    .map(([time, { unlockedMin, loadMax, maxGw }]) => ({
      fromSec: secondsOf(time),
      unlockedMin,
      loadMax,
      ...(maxGw !== undefined && { maxGw }),
    }))
    .sort((a, b) => a.fromSec - b.fromSec);
}

function secondsOf(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}
