import { isDeepStrictEqual } from 'node:util';
import type { Call } from './call.ts';

/** @returns when the latest known step of a call was, epoch milliseconds; 0 where none is known */
export function latestStepAt(call: Call): number {
  return Math.max(
    call.receivedAt ?? 0,
    call.waitingSince ?? 0,
    call.offeredAt ?? 0,
    call.answeredAt ?? 0,
    call.endedAt ?? 0,
    ...call.attempts.map((one) => Math.max(one.offeredAt ?? 0, one.failedAt ?? 0, one.lostAt ?? 0)),
  );
}

/** Whether the call is over only because its edge was thought lost: the edge may still tell of it. */
export function isGuessedOver(call: Call): boolean {
  return call.state === 'ended' && call.endedBy === 'sweep';
}

/** A call that no fact has ended, and which the sweep is to tell of. @param seen as it was before */
export function withDue(call: Call, seen: Call): Call {
  return call.state === 'ended' && !isSameRecord(call, seen) ? { ...call, recordDue: true } : call;
}

export function withoutDue({ recordDue: _due, ...call }: Call): Call {
  return call;
}

/** The record as if the call had not ended, of one that `isGuessedOver` or is open; its state is the next step. */
export function withoutEnd(call: Call): Call {
  const { endedAt, endedBy: _by, outcome: _outcome, detail: _detail, ...rest } = withoutDue(call);
  const thoughtLostAt = call.thoughtLostAt ?? endedAt;
  return { ...rest, ...(thoughtLostAt !== undefined && { thoughtLostAt }) };
}

/** Whether a step changed nothing of a call's record. */
export function isSameRecord(call: Call, seen: Call | undefined): boolean {
  return isDeepStrictEqual(call, seen);
}
