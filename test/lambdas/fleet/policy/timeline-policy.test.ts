import { describe, expect, it } from 'vitest';
import { decide } from '../../../../lambdas/domain/fleet/decide.ts';
import { parsePolicy } from '../../../../lambdas/domain/fleet/read-policy.ts';
import type { FleetPolicy } from '../../../../lambdas/domain/fleet/types.ts';
import { counts, defaults, input } from './support.ts';

/** In the shape of the original's deploy/scaler/config/scaler.json, with numbers that tell the rows apart. */
const original = {
  gw_name_prefix: 'mediagw',
  auto_scale_threshold: {
    default: {
      '00:00:00': { maxGw: 10, unlockedMin: 1, loadMax: 0.9 },
      '02:30:00': { maxGw: 30, unlockedMin: 3, loadMax: 0.9 },
      '07:00:00': { maxGw: 40, unlockedMin: 4, loadMax: 0.75 },
      '17:00:00': { maxGw: 20, unlockedMin: 2, loadMax: 0.8 },
    },
    saturday: { '00:00:00': { maxGw: 6, unlockedMin: 6, loadMax: 1.0 } },
    sunday: { '00:00:00': { maxGw: 7, unlockedMin: 7, loadMax: 1.0 } },
  },
  cpu_per_gw: 4,
  sip_db: { host: '127.0.0.1', root_password: 'x' },
  cleaner_blacklist: [],
};

const policy = parsePolicy(original, defaults);
const startsAt = (time: string, one: FleetPolicy = policy) =>
  decide(input({ policy: one, nowMs: Date.parse(time) })).count;

describe("the original's timeline", () => {
  it.each([
    ['the first second of a row', '2026-11-24T07:00:00+01:00', 4],
    ['the last second of the row before', '2026-11-24T06:59:59+01:00', 3],
    ['midnight', '2026-11-24T00:00:00+01:00', 1],
    ['the last second of the day', '2026-11-24T23:59:59+01:00', 2],
    ['a weekday of its own', '2026-11-28T12:00:00+01:00', 6],
    ['the weekday of the time zone, not of UTC', '2026-11-28T23:30:00Z', 7],
    ['another time zone by its own clock', '2026-11-24T12:00:00Z', 4],
  ])('holds at %s', (_, time, starts) => {
    expect(startsAt(time)).toBe(starts);
  });

  it('is read in its own time zone', () => {
    const inTokyo = parsePolicy(original, { ...defaults, timeZone: 'Asia/Tokyo' });
    expect(startsAt('2026-11-24T08:30:00Z', inTokyo)).toBe(2);
    expect(startsAt('2026-11-24T08:30:00Z')).toBe(4);
  });

  it('goes by the clock on the wall when the clocks go forward: 03:00 follows 01:59:59', () => {
    const weekdays = parsePolicy(
      { auto_scale_threshold: { default: original.auto_scale_threshold.default } },
      defaults,
    );
    expect(startsAt('2026-03-29T00:59:59Z', weekdays)).toBe(1);
    expect(startsAt('2026-03-29T01:00:00Z', weekdays)).toBe(3);
  });

  it('goes by the clock on the wall when the clocks go back: 02:30 comes twice', () => {
    const weekdays = parsePolicy(
      { auto_scale_threshold: { default: original.auto_scale_threshold.default } },
      defaults,
    );
    expect(startsAt('2026-10-25T00:29:59Z', weekdays)).toBe(1);
    expect(startsAt('2026-10-25T00:30:00Z', weekdays)).toBe(3);
    expect(startsAt('2026-10-25T01:29:59Z', weekdays)).toBe(1);
    expect(startsAt('2026-10-25T01:30:00Z', weekdays)).toBe(3);
  });

  it('keeps the share of gateways in calls below loadMax', () => {
    // 20 calls at 0.75 want 26.67 gateways.
    const decision = decide(input({ policy, counts: counts({ busy: 18, locked: 2, free: 4, starting: 1 }) }));
    expect(decision).toMatchObject({
      action: 'start',
      count: 2,
      reason: {
        rule: 'short',
        level: 7,
        ready: 5,
        figures: { policy: 'timeline', loadMax: 0.75, weekday: 2 },
      },
    });
  });

  it('goes no further than maxGw, which counts what is draining too', () => {
    const pool = counts({ busy: 30, draining: 3, free: 2 });
    expect(decide(input({ policy, counts: pool, waiting: 10 }))).toMatchObject({ action: 'start', count: 5 });
  });

  it('drains what is beyond maxGw once its row has lowered it', () => {
    const at = { policy, nowMs: Date.parse('2026-11-28T12:00:00+01:00') };
    const decision = decide(
      input({ ...at, counts: counts({ busy: 4, free: 6 }), memory: { surplusSince: at.nowMs - 60_000 } }),
    );
    expect(decision).toMatchObject({ action: 'drain', count: 4 });
  });

  it('is read as it was before it knew days and maxGw', () => {
    const flat = parsePolicy(
      {
        auto_scale_threshold: {
          '00:00:00': { unlockedMin: 2, loadMax: 0.9 },
          '09:00:00': { unlockedMin: 8, loadMax: 0.75 },
        },
      },
      defaults,
    );
    expect(startsAt('2026-11-28T09:00:00+01:00', flat)).toBe(8);
    expect(flat.maxGateways).toBe(60);
  });
});

describe('a timeline is refused', () => {
  const row = { unlockedMin: 1, loadMax: 0.9 };
  const day = { '00:00:00': row };
  it.each([
    ['without a time for midnight', { default: { '07:00:00': row } }, /default.*|00:00:00 on is missing/],
    ['with a time written otherwise', { default: { ...day, '7:00': row } }, /HH:MM:SS/],
    ['with a time that no clock shows', { default: { ...day, '25:00:00': row } }, /HH:MM:SS/],
    ['with a day that is none', { default: day, saterday: day }, /saterday/],
    ['without default and not all days', { monday: day }, /needs "default"/],
    ['with a loadMax of 0', { default: { '00:00:00': { ...row, loadMax: 0 } } }, /loadMax/],
    ['with a number as text', { default: { '00:00:00': { ...row, unlockedMin: '1' } } }, /unlockedMin/],
    ['with a setting misspelt', { default: { '00:00:00': { ...row, maxGW: 3 } } }, /maxGW/],
    ['without rows', {}, /needs "default"/],
    ['that is no object', 3, /auto_scale_threshold/],
    ['that is a list', [], /auto_scale_threshold|default/],
  ])('%s', (_, auto_scale_threshold, message) => {
    expect(() => parsePolicy({ auto_scale_threshold }, defaults)).toThrow(message);
  });

  it.each([[undefined], [null], ['x'], [[]], [{}], [{ policy: 'other' }]])('that is %j', (json) => {
    expect(() => parsePolicy(json, defaults)).toThrow("The pool's policy");
  });

  it("in the original's shape with a setting of ours beside it, which would go unread", () => {
    const json = { policy: 'timeline', timeZone: 'Asia/Tokyo', auto_scale_threshold: { default: day } };
    expect(() => parsePolicy(json, defaults)).toThrow(/auto_scale_threshold/);
  });

  it('in a time zone that does not exist', () => {
    expect(() => parsePolicy({ policy: 'predictive', timeZone: 'Europe/Atlantis' }, defaults)).toThrow(
      /time zone/,
    );
  });
});
