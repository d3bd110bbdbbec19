import type { FactOf } from '../../contracts/facts.ts';
import type { Call, Edge } from '../core/items.ts';
import { callKey, edgeKey, edgesWatchKey } from '../core/keys.ts';
import { epochSec, expiryAfter, isLive } from '../core/time.ts';
import type { Item } from './attributes.ts';
import { anyOf, atMost, below, equals, missing } from './conditions.ts';
import type { Write } from './transaction.ts';

/* The writes of call records and of edges. */

/** How long an edge is remembered after its last heartbeat. */
const edgeKeptSec = 7 * 24 * 3600;

/** @returns the call record; none where it ran out, or there is none */
export function callOf(item: Item | undefined, nowMs: number): Call | undefined {
  if (item === undefined) return undefined;
  const { pk: _pk, ...rest } = item;
  const call = rest as unknown as Call;
  return isLive(call, nowMs) ? call : undefined;
}

/** Writes the whole record, if nobody else wrote it since it was read. */
export function putCall(call: Call, seen: Call | undefined, nowMs: number) {
  const version = (seen?.version ?? 0) + 1;
  return {
    put: { pk: callKey(call.callId), ...call, version },
    when:
      seen === undefined
        ? anyOf(missing('pk'), atMost('expiresAt', epochSec(nowMs)))
        : equals('version', seen.version),
  } satisfies Write;
}

export function edgeOf(item: Item): Edge {
  const { pk: _pk, ...edge } = item;
  return edge as unknown as Edge;
}

/** Renews an edge's lease. One that comes late does not shorten it. */
export function renewEdge(fact: FactOf<'edge.heartbeat'>) {
  const watchAt = fact.at + fact.leaseSec * 1000;
  return {
    update: edgeKey(fact.edgeId),
    set: {
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
export function forgetEdge(seen: Pick<Edge, 'edgeId' | 'watchAt'>) {
  return {
    update: edgeKey(seen.edgeId),
    remove: ['watchKey', 'watchAt'],
    when: equals('watchAt', seen.watchAt),
  } satisfies Write;
}
