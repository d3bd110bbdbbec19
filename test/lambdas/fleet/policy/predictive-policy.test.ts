import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demandMinutes } from '../../../../lambdas/domain/demand/forecast.ts';
import { decide } from '../../../../lambdas/domain/fleet/decide.ts';
import type { FleetInput } from '../../../../lambdas/domain/fleet/types.ts';
import { dayWith, learned, workdays } from './days.ts';
import { counts, input, predictive } from './support.ts';

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
    expect(reason.figures.nextMinute.at).toBe(Date.parse('2026-11-24T13:55:00+01:00'));
    // From then on it is 29 a minute, by the clock and not from now on.
    expect(reason.figures.nextMinute.calls).toBeGreaterThan(25);
    expect(reason.figures.nextMinute.calls).toBeLessThan(33);
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
