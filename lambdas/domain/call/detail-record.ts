import { isoOf } from '../../../contracts/api/common.ts';
import type { CallRecordView } from '../../../contracts/api/views.ts';
import {
  type CallRecord,
  callRecordType,
  longestDetail,
  mostAttemptsTold,
} from '../../../contracts/call-record.ts';
import { type Outcome, sipAnswer } from '../../../contracts/outcomes.ts';
import { known, pathIdOf } from '../views.ts';
import type { Call } from './call.ts';

/* The call detail record of a call that is over: what of the call's record others are told, and what follows from it. */

type Ended = Call & { endedAt: number; outcome: Outcome };

const isEnded = (call: Call): call is Ended =>
  call.state === 'ended' && call.endedAt !== undefined && call.outcome !== undefined;

/** @returns what is told of a call on the bus; undefined of one that is not over */
export function callRecordOf(call: Call): CallRecord | undefined {
  if (!isEnded(call)) return undefined;
  return { version: 1, type: callRecordType, at: call.endedAt, ...fieldsOf(call, (atMs) => atMs) };
}

/** @returns the same as the API lists it; undefined of one that is not over */
export function callRecordView(call: Call): CallRecordView | undefined {
  return isEnded(call) ? fieldsOf(call, isoOf) : undefined;
}

function fieldsOf<T>(call: Ended, time: (atMs: number) => T) {
  const { version, callId, traceId, edgeId, room, caller, gateway, outcome, endedBy, detail, media } = call;
  const ifKnown = (atMs: number | undefined) => (atMs === undefined ? undefined : time(atMs));
  return {
    id: pathIdOf(call),
    revision: version,
    callId,
    edgeId,
    outcome,
    status: statusOf(call),
    endedAt: time(call.endedAt),
    waitedSec: waitedMs(call) / 1000,
    talkSec: between(call.answeredAt, call.endedAt) / 1000,
    gatewaySec: gatewayMs(call) / 1000,
    attempts: call.attempts.slice(0, mostAttemptsTold).map(({ lostCause: _lostCause, ...attempt }) =>
      known({
        ...attempt,
        offeredAt: ifKnown(attempt.offeredAt),
        failedAt: ifKnown(attempt.failedAt),
        lostAt: ifKnown(attempt.lostAt),
      }),
    ),
    ...known({
      traceId,
      room,
      caller,
      gateway,
      endedBy,
      detail: detail?.slice(0, longestDetail),
      receivedAt: ifKnown(call.receivedAt),
      waitingSince: ifKnown(call.waitingSince),
      offeredAt: ifKnown(call.offeredAt),
      ringingAt: ifKnown(call.ringingAt),
      answeredAt: ifKnown(call.answeredAt),
      media: media && { ...media, reportedAt: time(media.reportedAt) },
    }),
  };
}

/** The clocks of edge and function differ a little: what comes out negative counts as 0. */
const between = (from: number | undefined, until: number): number =>
  from === undefined ? 0 : Math.max(0, until - from);

/** What the caller was answered: where a gateway refused the call for what it asks, by the gateway's own status. */
function statusOf({ answeredAt, outcome, attempts }: Ended): number {
  if (answeredAt !== undefined) return sipAnswer('answered').status;
  const own = outcome === 'rejected' ? attempts.findLast(({ status }) => status !== undefined) : undefined;
  return own?.status ?? sipAnswer(outcome).status;
}

/** From when it began to wait for a gateway until it had one, or gave up. */
function waitedMs({ waitingSince, attempts, endedAt }: Ended): number {
  if (waitingSince === undefined) return 0;
  const offers = attempts.flatMap(({ offeredAt = 0 }) => (offeredAt >= waitingSince ? [offeredAt] : []));
  return between(waitingSince, Math.min(endedAt, ...offers));
}

/** How long gateways were its own, one after the other: what they cost is for this call. */
function gatewayMs({ attempts, endedAt }: Ended): number {
  return attempts.reduce(
    (sum, { offeredAt, failedAt = endedAt, lostAt = endedAt }) =>
      sum + between(offeredAt, Math.min(failedAt, lostAt, endedAt)),
    0,
  );
}
