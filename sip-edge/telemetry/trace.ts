import { createHash, randomBytes } from 'node:crypto';

/**
 * The id that all log lines, commands and facts of a call share, in the format of X-Ray (contracts/trace.ts). It is
 * derived, so that the same INVITE always has the same one; an INVITE with the same Call-ID that comes later, or at
 * another edge, has another.
 * @param dialogId of the caller's leg: Call-ID and From tag
 * @param receivedAt when the INVITE came, epoch ms
 */
export function traceIdOf(edgeId: string, dialogId: string, receivedAt: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([edgeId, dialogId, receivedAt]))
    .digest('hex');
  return traceIdAt(receivedAt, hash.slice(0, 24));
}

/** @returns an id for what is of no call. @param at epoch ms */
export const newTraceId = (at: number): string => traceIdAt(at, randomBytes(12).toString('hex'));

function traceIdAt(at: number, rest: string): string {
  const seconds = Math.floor(at / 1000).toString(16);
  return `1-${seconds.padStart(8, '0')}-${rest}`;
}

/**
 * @param percent how many of a hundred traces X-Ray keeps
 * @returns whether this is one of them: all that is said of a call has the same answer
 */
export function isSampled(traceId: string, percent: number): boolean {
  return Number.parseInt(traceId.slice(-8), 16) < (percent / 100) * 2 ** 32;
}
