import { type DemandDay, learn, type Profile, slotMin } from '../../../../lambdas/domain/demand/profile.ts';

const slots = (24 * 60) / slotMin;
export const slotOf = (time: string) => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) / slotMin;
};

/** A day with so many calls in each slot from one time to another, and none otherwise. */
export function dayWith(
  date: string,
  calls: readonly (readonly [from: string, to: string, perSlot: number])[],
): DemandDay {
  const arrivals = new Array<number>(slots).fill(0);
  for (const [from, to, perSlot] of calls) arrivals.fill(perSlot, slotOf(from), slotOf(to));
  return { date, slotMin, arrivals, ended: 100, endedSec: 180_000 };
}

export const learned = (days: readonly DemandDay[]): Profile => {
  const profile = learn(days);
  if (profile === undefined) throw new Error('nothing learned');
  return profile;
};

/** Four weeks of working days before Tuesday 2026-11-24: twenty calls each five minutes, and a rush at 13:55. */
export const workdays = Array.from({ length: 28 }, (_, i) => new Date(Date.UTC(2026, 9, 27 + i)))
  .filter((day) => day.getUTCDay() % 6 !== 0)
  .map((day) =>
    dayWith(day.toISOString().slice(0, 10), [
      ['08:00', '18:00', 20],
      ['13:55', '14:00', 150],
    ]),
  );
