import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demandMinutes } from '../../../lambdas/domain/demand/forecast.ts';
import {
  type DemandDay,
  learn,
  type Profile,
  slotAt,
  slotMin,
} from '../../../lambdas/domain/demand/profile.ts';
import { callsAtMost } from '../../../lambdas/domain/demand/quantile.ts';
import { decide } from '../../../lambdas/domain/fleet/decide.ts';
import type { FleetInput } from '../../../lambdas/domain/fleet/types.ts';
import { counts, input, predictive } from './support.ts';

const slots = (24 * 60) / slotMin;
const slotOf = (time: string) => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) / slotMin;
};

/** A day with so many calls in each slot from one time to another, and none otherwise. */
function dayWith(
  date: string,
  calls: readonly (readonly [from: string, to: string, perSlot: number])[],
): DemandDay {
  const arrivals = new Array<number>(slots).fill(0);
  for (const [from, to, perSlot] of calls) arrivals.fill(perSlot, slotOf(from), slotOf(to));
  return { date, slotMin, arrivals, ended: 100, endedSec: 180_000 };
}

const learned = (days: readonly DemandDay[]): Profile => {
  const profile = learn(days);
  if (profile === undefined) throw new Error('nothing learned');
  return profile;
};

/** Four weeks of working days before Tuesday 2026-11-24: twenty calls each five minutes, and a rush at 13:55. */
const workdays = Array.from({ length: 28 }, (_, i) => new Date(Date.UTC(2026, 9, 27 + i)))
  .filter((day) => day.getUTCDay() % 6 !== 0)
  .map((day) =>
    dayWith(day.toISOString().slice(0, 10), [
      ['08:00', '18:00', 20],
      ['13:55', '14:00', 150],
    ]),
  );
const profile = learned(workdays);
const policy = predictive({ maxGateways: 5000 });

/** The minutes before a moment as they usually are there: four calls a minute, or so many times that. */
const minutes = (times = 1) => ({
  perMinute: Array.from({ length: demandMinutes }, (_, minute) => (minute === 0 ? 0 : 4 * times)),
});

const levelAt = (time: string, some: Partial<FleetInput> = {}) =>
  decide(input({ policy, nowMs: Date.parse(time), profile, demand: minutes(), ...some })).reason.level;

describe('a prediction', () => {
  it('has gateways started before the rush that other days had, and not long before', () => {
    const before = levelAt('2026-11-24T13:45:00+01:00');
    const justBefore = levelAt('2026-11-24T13:54:30+01:00');
    expect(before).toBeLessThan(25);
    expect(justBefore).toBeGreaterThan(70);
  });

  it('tells what it rests on', () => {
    const { reason } = decide(
      input({ policy, nowMs: Date.parse('2026-11-24T13:54:30+01:00'), profile, demand: minutes() }),
    );
    expect(reason).toMatchObject({ rule: 'short', figures: { policy: 'predictive' } });
    if (reason.figures.policy !== 'predictive') throw new Error('another policy');
    // Half a minute of 4 calls a minute, then two of some 29.
    expect(reason.figures.usual).toBeGreaterThan(55);
    expect(reason.figures.usual).toBeLessThan(65);
    expect(reason.figures.today).toBeCloseTo(1, 1);
  });

  it('expects no working day of a Sunday, once a Sunday was seen', () => {
    const withSundays = learned([...workdays, dayWith('2026-11-15', []), dayWith('2026-11-22', [])]);
    const quiet = { perMinute: new Array<number>(demandMinutes).fill(0) };
    expect(levelAt('2026-11-29T13:53:30+01:00', { profile: withSundays, demand: quiet })).toBe(2);
  });

  it('believes an empty day within the hour', () => {
    const empty = { perMinute: new Array<number>(demandMinutes).fill(0) };
    expect(levelAt('2026-11-24T13:53:30+01:00', { demand: empty })).toBeLessThan(12);
  });

  it('believes a day twice as busy', () => {
    const usual = levelAt('2026-11-24T11:00:00+01:00');
    const busy = levelAt('2026-11-24T11:00:00+01:00', { demand: minutes(2) });
    expect(busy).toBeGreaterThan(1.5 * usual);
    expect(busy).toBeLessThan(3 * usual);
  });

  it('meets a rush that nothing announced within seconds', () => {
    const atSec = (sec: number, calls: number) => {
      const { perMinute } = minutes();
      return levelAt(`2026-11-24T11:00:${sec}+01:00`, {
        demand: { perMinute: [calls, ...perMinute.slice(1)] },
      });
    };
    expect(atSec(20, 1)).toBeLessThan(25);
    expect(atSec(20, 14)).toBeGreaterThan(75);
  });

  it('learns within the day that calls come at full and half hours', () => {
    // 28 and 29 minutes before the running one: one and two minutes from now, had they been a half-hour later.
    const surges = Array.from({ length: demandMinutes }, (_, minute) => (minute % 30 > 27 ? 45 : 1));
    const flat = learned([dayWith('2026-11-17', [['08:00', '18:00', 20]])]);
    const at = (time: string, perMinute: number[]) => levelAt(time, { profile: flat, demand: { perMinute } });
    const surging = at('2026-11-24T11:29:00+01:00', surges);
    expect(surging).toBeGreaterThan(45);
    // Ten minutes earlier the surge is far off.
    expect(at('2026-11-24T11:19:00+01:00', surges.slice(10))).toBeLessThan(surging / 2);
  });

  it('works without a day before', () => {
    const { reason } = decide(input({ policy, demand: minutes() }));
    expect(reason).toMatchObject({ rule: 'short', figures: { policy: 'predictive' } });
    expect(reason.level).toBeGreaterThan(10);
  });

  it('works with nothing known at all', () => {
    expect(decide(input({ policy }))).toMatchObject({ action: 'start', count: 2 });
  });

  it('keeps a share free of those in calls', () => {
    const quiet = { perMinute: new Array<number>(demandMinutes).fill(0) };
    const some = { demand: quiet, counts: counts({ busy: 380, locked: 20 }) };
    expect(levelAt('2026-11-24T22:00:00+01:00', some)).toBe(40);
  });

  it('counts reused gateways that will be back', () => {
    const reuse = predictive({ gateways: 'reuse', reserveShare: 0 });
    const some = { counts: counts({ busy: 300 }) };
    const single = levelAt('2026-11-24T13:53:30+01:00', { ...some, policy: predictive({ reserveShare: 0 }) });
    expect(levelAt('2026-11-24T13:53:30+01:00', { ...some, policy: reuse })).toBeLessThan(single - 10);
  });

  it('looks over midnight, into the next weekday', () => {
    const nights = learned([dayWith('2026-11-17', []), dayWith('2026-11-18', [['00:00', '00:10', 100]])]);
    const quiet = { perMinute: new Array<number>(demandMinutes).fill(0) };
    expect(levelAt('2026-11-24T23:50:00+01:00', { profile: nights, demand: quiet })).toBeLessThan(15);
    expect(levelAt('2026-11-24T23:59:00+01:00', { profile: nights, demand: quiet })).toBeGreaterThan(15);
  });

  it('is a whole number, and never below the least, whatever was seen', async () => {
    const perMinute = fc.array(fc.nat(500), { maxLength: 150 });
    await fc.assert(
      fc.property(perMinute, fc.integer({ min: 0, max: 86_399 }), (calls, sec) => {
        const nowMs = Date.parse('2026-11-24T00:00:00+01:00') + sec * 1000;
        const { level, keep } = decide(
          input({ policy, nowMs, profile, demand: { perMinute: calls } }),
        ).reason;
        expect(Number.isInteger(level)).toBe(true);
        expect(level).toBeGreaterThanOrEqual(2);
        expect(keep).toBeGreaterThanOrEqual(level);
      }),
    );
  });
});

describe('learning', () => {
  it('needs a day', () => {
    expect(learn([])).toBeUndefined();
  });

  it('keeps weekdays apart, the more days there are', () => {
    const mondays = ['2026-11-02', '2026-11-09', '2026-11-16'].map((date) =>
      dayWith(date, [['10:00', '11:00', 60]]),
    );
    const fridays = ['2026-11-06', '2026-11-13', '2026-11-20'].map((date) =>
      dayWith(date, [['10:00', '11:00', 12]]),
    );
    const { rates } = learned([...mondays, ...fridays]);
    const at = (weekday: number) => rates[weekday]?.[slotOf('10:30')] ?? 0;
    expect(at(1)).toBeGreaterThan(42);
    expect(at(5)).toBeLessThan(30);
    // A Wednesday never seen is like the working days that were.
    expect(at(3)).toBeGreaterThan(30);
    expect(at(3)).toBeLessThan(42);
  });

  it('carries the surges of full and half hours to hours that had few calls', () => {
    const day = dayWith('2026-11-17', [['10:00', '12:00', 1]]);
    const arrivals = day.arrivals.map((calls, slot) => (slot % 6 === 5 ? calls * 60 : calls));
    const { rates } = learned([
      { ...day, arrivals: arrivals.map((calls, slot) => (slot === slotOf('15:10') ? 12 : calls)) },
    ]);
    const at = (time: string) => rates[2]?.[slotOf(time)] ?? 0;
    expect(at('15:25')).toBeGreaterThan(5 * at('15:35'));
  });

  it('counts a day half as much after three weeks', () => {
    const days = [
      dayWith('2026-11-23', [['10:00', '11:00', 20]]),
      dayWith('2026-11-02', [['10:00', '11:00', 50]]),
    ];
    expect(learned(days).rates[1]?.[slotOf('10:30')]).toBeCloseTo(30, 5);
  });

  it('finds more spread on days that differ more', () => {
    const even = Array.from({ length: 14 }, (_, i) => dayWith(`2026-11-${10 + i}`, [['08:00', '18:00', 50]]));
    const uneven = even.map((day) => ({
      ...day,
      arrivals: day.arrivals
        .map((calls, slot) => (slot % 3 === 0 ? 2 * calls : calls / 2))
        .map((calls, slot) => ((Number(day.date.slice(-2)) + slot) % 2 === 0 ? calls : calls / 2)),
    }));
    expect(learned(uneven).spread).toBeGreaterThan(2 * learned(even).spread);
  });

  it('stays a small item', () => {
    expect(JSON.stringify(workdays[0]).length).toBeLessThan(1_500);
    expect(JSON.stringify(profile).length).toBeLessThan(60_000);
  });

  it.each([
    ['2026-03-29T00:59:59Z', { date: '2026-03-29', slot: 23 }],
    ['2026-03-29T01:00:00Z', { date: '2026-03-29', slot: 36 }],
    ['2026-10-25T00:30:00Z', { date: '2026-10-25', slot: 30 }],
    ['2026-10-25T01:30:00Z', { date: '2026-10-25', slot: 30 }],
    ['2026-10-25T23:00:00Z', { date: '2026-10-26', slot: 0 }],
  ])('notes a call at %s under the clock on the wall', (time, slot) => {
    expect(slotAt(Date.parse(time), 'Europe/Paris')).toEqual(slot);
  });
});

describe('the calls to be ready for', () => {
  /** Poisson's distribution, summed term by term. */
  function poissonAtMost(n: number, mean: number): number {
    let term = Math.exp(-mean);
    let sum = term;
    for (let i = 1; i <= n; i += 1) {
      term *= mean / i;
      sum += term;
    }
    return sum;
  }

  it('are the quantile of Poisson where nothing is uncertain', async () => {
    const mean = fc.double({ min: 0.01, max: 140, noNaN: true });
    await fc.assert(
      fc.property(mean, fc.double({ min: 0.5, max: 0.999, noNaN: true }), (expected, level) => {
        const n = callsAtMost(expected, 0, level);
        expect(poissonAtMost(n, expected)).toBeGreaterThan(level - 1e-3);
        expect(n > 0 ? poissonAtMost(n - 1, expected) : 0).toBeLessThan(level + 1e-3);
      }),
    );
  });

  it('grow with what is expected, how uncertain that is, and the probability wanted', async () => {
    const mean = fc.double({ min: 0, max: 3000, noNaN: true });
    const spread = fc.double({ min: 0, max: 1, noNaN: true });
    const level = fc.double({ min: 0.9, max: 0.9999, noNaN: true });
    await fc.assert(
      fc.property(mean, spread, level, (m, s, l) => {
        const n = callsAtMost(m, s, l);
        expect(Number.isInteger(n)).toBe(true);
        expect(n).toBeGreaterThanOrEqual(Math.floor(m * 0.9));
        // One call of slack where the exact sum and the approximation meet.
        expect(callsAtMost(m * 1.1, s, l)).toBeGreaterThanOrEqual(n - 1 - 0.02 * n);
        expect(callsAtMost(m, s, l + (1 - l) / 2)).toBeGreaterThanOrEqual(n);
      }),
    );
  });
});
