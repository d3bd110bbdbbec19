import type { CallIdentity } from '../../../contracts/common.ts';
import type { Measurement } from '../../../contracts/metrics.ts';
import type { Outcome } from '../../../contracts/outcomes.ts';
import type { Call } from './call.ts';
import { isGuessedOver } from './call-record.ts';

/** What the line of a call's measurements is found by in the log. */
export const aboutCall = ({ callId, traceId }: CallIdentity): Record<string, string> => ({
  callId,
  ...(traceId !== undefined && { traceId }),
});

/**
 * What a step of a call adds to the metrics: each thing at the step that first knows it, so that a call is counted
 * once, whatever order its facts come in. A call that was taken back from the loss of its edge stays counted as lost until
 * it ends: then one step takes that back and counts the end, so that whoever dies before it is measured counts neither.
 * @param seen the call's record before the step
 * @param call and after it, as written
 */
export function callMeasurements(seen: Call | undefined, call: Call): Measurement[] {
  const { receivedAt, offeredAt, answeredAt } = call;
  const measurements: Measurement[] = [];
  const [before, after] = [seen && countOf(seen), countOf(call)];
  if (after !== undefined && after.outcome !== before?.outcome) {
    if (before !== undefined) measurements.push({ name: 'Calls', value: -1, ...before });
    measurements.push({ name: 'Calls', value: 1, ...after });
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
  const endedAt = toldEndOf(call);
  if (isNew(endedAt, seen && toldEndOf(seen))) {
    measurements.push({ name: 'CallLength', value: since(answeredAt, endedAt) / 1000, at: endedAt });
  }
  return measurements;
}

/** @returns as what a call with this record is counted; undefined of one that is not, or not any more when it ends */
function countOf({
  state,
  outcome,
  endedAt,
  thoughtLostAt,
}: Call): { outcome: Outcome; at: number } | undefined {
  const lost = thoughtLostAt === undefined ? undefined : { outcome: 'edge-lost' as const, at: thoughtLostAt };
  if (state !== 'ended' || outcome === undefined || endedAt === undefined) return lost;
  return lost?.outcome === outcome ? lost : { outcome, at: endedAt };
}

/** A guess is none: when the call had ended nobody knows. */
function toldEndOf(call: Call): number | undefined {
  return isGuessedOver(call) ? undefined : call.endedAt;
}
