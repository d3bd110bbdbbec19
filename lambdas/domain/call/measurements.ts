import type { CallIdentity } from '../../../contracts/common.ts';
import type { Measurement } from '../../../contracts/metrics.ts';
import type { Call } from './call.ts';

/** What the line of a call's measurements is found by in the log. */
export const aboutCall = ({ callId, traceId }: CallIdentity): Record<string, string> => ({
  callId,
  ...(traceId !== undefined && { traceId }),
});

/**
 * What a step of a call adds to the metrics: each thing at the step that first knows it, so that a call is counted
 * once, whatever order its facts come in.
 * @param seen the call's record before the step
 * @param call and after it, as written
 */
export function callMeasurements(seen: Call | undefined, call: Call): Measurement[] {
  const { receivedAt, offeredAt, answeredAt, endedAt, outcome } = call;
  const measurements: Measurement[] = [];
  if (call.state === 'ended' && seen?.state !== 'ended' && endedAt !== undefined && outcome !== undefined) {
    measurements.push({ name: 'Calls', value: 1, outcome, at: endedAt });
  }
  // Its edge was thought lost, and was not: the call is counted when it ends.
  if (call.state !== 'ended' && seen?.endedAt !== undefined && seen.outcome !== undefined) {
    measurements.push({ name: 'Calls', value: -1, outcome: seen.outcome, at: seen.endedAt });
  }
  if (answeredAt === undefined) return measurements;
  const isNew = (one: number | undefined, before: number | undefined): one is number =>
    one !== undefined && (before === undefined || seen?.answeredAt === undefined);
  // The clocks of edge and function differ a little, so a difference may come out negative: it counts as 0.
  const since = (from: number, until: number) => Math.max(until - from, 0);
  if (isNew(receivedAt, seen?.receivedAt)) {
    measurements.push({ name: 'SetupTime', value: since(receivedAt, answeredAt), at: answeredAt });
    if (offeredAt !== undefined) {
      measurements.push({ name: 'WaitTime', value: since(receivedAt, offeredAt), at: answeredAt });
    }
  }
  if (isNew(endedAt, seen?.endedAt)) {
    measurements.push({ name: 'CallLength', value: since(answeredAt, endedAt) / 1000, at: endedAt });
  }
  return measurements;
}
