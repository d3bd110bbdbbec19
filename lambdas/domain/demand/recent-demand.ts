import type { RecentDemand } from '../fleet/types.ts';
import { localTime } from './local-time.ts';
import type { Profile } from './profile.ts';

/** Calls between two moments, given in seconds from now: negative ones are past. */
export type Calls = (fromSec: number, toSec: number) => number;

/** A call every ten minutes is never a surprise, whatever the days before were like. */
const floorPerSec = 1 / 600;

/** The calls that earlier days let expect. */
export function usualCalls(profile: Profile | undefined, timeZone: string, nowMs: number): Calls {
  const { weekday, secOfDay } = localTime(nowMs, timeZone);
  return (fromSec, toSec) => {
    const floor = (toSec - fromSec) * floorPerSec;
    if (profile === undefined) return floor;
    return Math.max(floor, callsOf(profile, weekday, secOfDay + fromSec, secOfDay + toSec));
  };
}

/** @param fromSec seconds of the weekday's day; before 0 and after its end are the days beside it */
function callsOf(profile: Profile, weekday: number, fromSec: number, toSec: number): number {
  const slotSec = profile.slotMin * 60;
  const slotsOfDay = 86_400 / slotSec;
  let sum = 0;
  for (let slot = Math.floor(fromSec / slotSec); slot * slotSec < toSec; slot += 1) {
    const day = Math.floor(slot / slotsOfDay);
    const calls = profile.rates[(((weekday + day) % 7) + 7) % 7]?.[slot - day * slotsOfDay] ?? 0;
    const covered = Math.min(toSec, (slot + 1) * slotSec) - Math.max(fromSec, slot * slotSec);
    sum += (calls * covered) / slotSec;
  }
  return sum;
}

/** What today has shown. */
export interface SeenCalls {
  calls: Calls;
  /** Seconds since the running minute began. */
  runningSec: number;
  /** Whole minutes before it that are known. */
  minutes: number;
}

export function seenCalls(demand: RecentDemand | undefined, nowMs: number): SeenCalls {
  const perMinute = demand?.perMinute ?? [];
  const runningSec = (nowMs / 1000) % 60;
  const calls: Calls = (fromSec, toSec) => {
    // Minute 0 is the running one; minute i began 60 · i before it.
    const oldest = Math.min(perMinute.length - 1, Math.ceil((-fromSec - runningSec) / 60));
    let sum = 0;
    for (let minute = Math.max(0, Math.floor((-toSec - runningSec) / 60)); minute <= oldest; minute += 1) {
      const began = -runningSec - 60 * minute;
      const over = minute === 0 ? 0 : began + 60;
      const share = over > began ? (Math.min(toSec, over) - Math.max(fromSec, began)) / (over - began) : 0;
      if (share > 0) sum += (perMinute[minute] ?? 0) * share;
    }
    return sum;
  };
  return { calls, runningSec, minutes: Math.max(0, perMinute.length - 1) };
}
