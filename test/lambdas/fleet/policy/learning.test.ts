import { describe, expect, it } from 'vitest';
import { learn, slotAt } from '../../../../lambdas/domain/demand/profile.ts';
import { dayWith, learned, slotOf, workdays } from './days.ts';

const profile = learned(workdays);

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
