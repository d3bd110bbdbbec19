import type { WeekTimeline } from '../../contracts/original-timeline.ts';
import { localTime } from '../../lambdas/domain/demand/local-time.ts';
import type { Controller, Order } from './replayed.ts';

/**
 * The decision of the original's scaler (SIPMediaGW, `Scaler.scale`), step by step as it is there: once a minute, from
 * registered gateways only, so that what is starting is started again each minute until it registers. One gateway a
 * machine, so that each free one can be stopped by itself, which favours it.
 * @param maxGw where a row has none of its own
 */
export function originalController(week: WeekTimeline, timeZone: string, maxGw: number): Controller {
  return {
    everyEvent: false,
    decide({ nowMs, counts }): Order {
      const { weekday, secOfDay } = localTime(nowMs, timeZone);
      const row = week[weekday]?.findLast(({ fromSec }) => fromSec <= secOfDay);
      if (row === undefined) return { action: 'none' };
      const max = row.maxGw ?? maxGw;
      const ready = counts.free;
      const inCall = counts.locked + counts.busy;
      let capacity = ready + inCall;
      let starts = 0;
      if (ready < row.unlockedMin) {
        const increase = Math.ceil(Math.min(capacity + row.unlockedMin - ready, max) - capacity);
        if (increase > 0) {
          starts += increase;
          capacity += increase;
        }
      }
      const target = Math.min(max, Math.max(row.unlockedMin + inCall, inCall / row.loadMax));
      const increase = Math.ceil(target - capacity);
      if (increase > 0) starts += increase;
      if (starts > 0) return { action: 'start', count: starts };
      return increase < 0 ? { action: 'drain', count: Math.min(-increase, ready) } : { action: 'none' };
    },
  };
}
