import type { Call } from '../domain/call/call.ts';
import type { Edge } from '../domain/edge.ts';
import { epochSec, expiryAfter } from '../domain/time.ts';
import { above, allOf, anyOf, atMost, equals, missing, present, unchanged } from './conditions.ts';
import { callItem } from './items/call-item.ts';
import { itemVersion } from './items/read-item.ts';
import { callKey, edgeKey, edgesWatchKey, type HangupBy, hangupKey, hangupsWatchKey } from './keys.ts';
import type { Write } from './transaction.ts';

/* The writes of call records and of edges. */

/** How long an edge is remembered after its last lease. */
const edgeKeptSec = 7 * 24 * 3600;
/** An edge that has not asked in this time is gone, and its calls with it. */
export const hangupKeptSec = 600;

/** Writes the whole record, if nobody else wrote it since it was read. */
export function putCall(call: Call, seen: Call | undefined, nowMs: number) {
  const version = (seen?.version ?? 0) + 1;
  return {
    put: callItem({ ...call, version }),
    when:
      seen === undefined
        ? anyOf(missing('pk'), atMost('expiresAt', epochSec(nowMs)))
        : equals('version', seen.version),
  } satisfies Write;
}

/** Notes that the edge of a waiting call still asks. No version: it decides nothing about the call. */
export function renewAsk(call: Call, nowMs: number) {
  return {
    update: callKey(call),
    set: { askedAt: nowMs },
    when: allOf(equals('state', 'waiting'), equals('version', call.version)),
  } satisfies Write;
}

/** Ends a call that waited, if nobody has asked for it since it was read. */
export function endWait(call: Call, seen: Call) {
  return {
    put: callItem({ ...call, version: seen.version + 1 }),
    when: allOf(equals('version', seen.version), unchanged('askedAt', seen.askedAt)),
  } satisfies Write;
}

/** Tells the call's edge, which asks, that the gateway is gone or an operator wants the end. It runs out by itself. */
export function putHangup(call: Call, username: string, nowMs: number, by: HangupBy = 'loss') {
  return {
    put: {
      pk: hangupKey(username, call, by),
      watchKey: hangupsWatchKey(call.edgeId),
      watchAt: nowMs,
      expiresAt: expiryAfter(nowMs, hangupKeptSec),
    },
  } satisfies Write;
}

const leaseHolds = (nowMs: number) => above('watchAt', nowMs);
const leaseIsOver = (nowMs: number) => anyOf(missing('watchAt'), atMost('watchAt', nowMs));
/** An application that was started anew has taken its place: what the old one asks renews nothing. */
const isNewest = ({ generation }: Pick<Edge, 'generation'>) =>
  anyOf(missing('generation'), atMost('generation', generation));

/** Renews the lease of an edge whose lease holds. */
export function prolongEdge(edge: Omit<Edge, 'begunAt'>, nowMs: number) {
  return { ...edgeUpdate(edge), when: allOf(isNewest(edge), leaseHolds(nowMs)) } satisfies Write;
}

/**
 * Begins a lease of an edge that has none, or whose lease is over. It may be another host to which the name has come, so
 * a drain of before is over.
 */
export function beginEdge(edge: Edge, nowMs: number) {
  const { set, ...update } = edgeUpdate(edge);
  const when = allOf(isNewest(edge), leaseIsOver(nowMs));
  return {
    ...update,
    set: { ...set, begunAt: edge.begunAt },
    remove: ['drainingSince'],
    when,
  } satisfies Write;
}

function edgeUpdate({ edgeId, generation, leaseUntil }: Omit<Edge, 'begunAt'>) {
  const expiresAt = expiryAfter(leaseUntil, edgeKeptSec);
  const place = { watchKey: edgesWatchKey, watchAt: leaseUntil };
  return { update: edgeKey(edgeId), set: { v: itemVersion, edgeId, generation, ...place, expiresAt } };
}

/** Lets an edge that asks take no new calls, from its next ask on. */
export function drainEdge(edgeId: string, nowMs: number) {
  return {
    update: edgeKey(edgeId),
    set: { drainingSince: nowMs },
    when: allOf(leaseHolds(nowMs), missing('drainingSince')),
  } satisfies Write;
}

export function resumeEdge(edgeId: string) {
  return {
    update: edgeKey(edgeId),
    remove: ['drainingSince'],
    when: present('drainingSince'),
  } satisfies Write;
}

/** Holds while the edge is silent. */
export function edgeIsLost(edgeId: string, nowMs: number) {
  return { check: edgeKey(edgeId), when: leaseIsOver(nowMs) } satisfies Write;
}

/** Stops looking at an edge that is long gone and holds no call; what it asks next brings it back. */
export function forgetEdge(seen: Pick<Edge, 'edgeId' | 'leaseUntil'>) {
  return {
    update: edgeKey(seen.edgeId),
    remove: ['watchKey', 'watchAt'],
    when: equals('watchAt', seen.leaseUntil),
  } satisfies Write;
}
