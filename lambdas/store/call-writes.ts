import type { FactOf } from '../../contracts/facts.ts';
import type { Call } from '../domain/call/call.ts';
import type { Edge } from '../domain/edge.ts';
import { epochSec, expiryAfter } from '../domain/time.ts';
import { allOf, anyOf, atMost, below, equals, missing, unchanged } from './conditions.ts';
import { callItem } from './items/call-item.ts';
import { itemVersion } from './items/read-item.ts';
import { callKey, edgeKey, edgesWatchKey, hangupKey, hangupsWatchKey } from './keys.ts';
import type { Write } from './transaction.ts';

/* The writes of call records and of edges. */

/** How long an edge is remembered after its last heartbeat. */
const edgeKeptSec = 7 * 24 * 3600;
/** An edge that has not asked in this time is gone, and its calls with it. */
const hangupKeptSec = 600;

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

/** Tells the call's edge, which asks, that the gateway is gone. It runs out by itself. */
export function putHangup(call: Call, username: string, nowMs: number) {
  return {
    put: {
      pk: hangupKey(username, call),
      watchKey: hangupsWatchKey(call.edgeId),
      watchAt: nowMs,
      expiresAt: expiryAfter(nowMs, hangupKeptSec),
    },
  } satisfies Write;
}

/** Renews an edge's lease. One that comes late does not shorten it. */
export function renewEdge(fact: FactOf<'edge.heartbeat'>) {
  const watchAt = fact.at + fact.leaseSec * 1000;
  return {
    update: edgeKey(fact.edgeId),
    set: {
      v: itemVersion,
      edgeId: fact.edgeId,
      generation: fact.generation,
      watchKey: edgesWatchKey,
      watchAt,
      expiresAt: expiryAfter(fact.at, edgeKeptSec),
    },
    when: anyOf(missing('watchAt'), below('watchAt', watchAt)),
  } satisfies Write;
}

/** Stops looking at an edge that is long gone and holds no call; its next heartbeat brings it back. */
export function forgetEdge(seen: Pick<Edge, 'edgeId' | 'leaseUntil'>) {
  return {
    update: edgeKey(seen.edgeId),
    remove: ['watchKey', 'watchAt'],
    when: equals('watchAt', seen.leaseUntil),
  } satisfies Write;
}
