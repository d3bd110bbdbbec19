import type { Threshold } from '../../../contracts/original-timeline.ts';
import { localTime } from '../demand/local-time.ts';
import type { FleetInput, Need, TimelinePolicy } from './types.ts';

/** The row that holds at a moment: the last one begun, by the clock on the wall of that weekday. */
function thresholdAt(policy: TimelinePolicy, nowMs: number): Threshold & { weekday: number } {
  const { weekday, secOfDay } = localTime(nowMs, policy.timeZone);
  const row = policy.week[weekday]?.findLast(({ fromSec }) => fromSec <= secOfDay);
  if (row === undefined) throw new Error(`the timeline has nothing for day ${weekday}, second ${secOfDay}`);
  return { ...row, weekday };
}

/**
 * What the original's scaler wants: `unlockedMin` free gateways, and no more than the share `loadMax` of all in calls.
 * Unlike there, starts under way count as capacity, and waiting calls as calls.
 */
export function timelineNeed(policy: TimelinePolicy, input: FleetInput): Need {
  const { weekday, ...row } = thresholdAt(policy, input.nowMs);
  const calls = input.counts.locked + input.counts.busy + input.waiting;
  const level = Math.ceil(Math.max(row.unlockedMin, calls / row.loadMax - calls));
  const max = Math.min(policy.maxGateways, Math.floor(row.maxGw ?? policy.maxGateways));
  return { level, keep: level, max, figures: { policy: 'timeline', weekday, ...row } };
}
