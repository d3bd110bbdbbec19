import { isDeepStrictEqual } from 'node:util';
import type { Call } from '../items.ts';

/** How long a call's record is kept after its last step. */
const keptSec = 30 * 24 * 3600;

/**
 * Sets when a call's record runs out, from its own latest step and not from the time of writing: the same facts
 * leave the same record, whenever and in whatever order they come.
 */
export function withExpiry(call: Call): Call {
  const latest = Math.max(
    call.receivedAt ?? 0,
    call.waitingSince ?? 0,
    call.offeredAt ?? 0,
    call.answeredAt ?? 0,
    call.endedAt ?? 0,
    ...call.attempts.map((one) => Math.max(one.offeredAt ?? 0, one.failedAt ?? 0, one.lostAt ?? 0)),
  );
  return { ...call, expiresAt: Math.ceil(latest / 1000) + keptSec };
}

/** Whether a step changed nothing of a call's record. */
export function isSameRecord(call: Call, seen: Call | undefined): boolean {
  return isDeepStrictEqual(call, seen);
}
