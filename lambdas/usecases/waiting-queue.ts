import { offeredCall } from '../domain/call/allocation.ts';
import type { Call } from '../domain/call/call.ts';
import { edgeLost } from '../domain/call/call-state.ts';
import { aboutCall, callMeasurements } from '../domain/call/measurements.ts';
import { byTurn, isAsking, mayGet } from '../domain/call/waiting.ts';
import type { Candidate } from '../domain/gateway/gateway.ts';
import type { Measure } from '../domain/ports.ts';
import { endWait, putCall } from '../store/call-writes.ts';
import { atMost } from '../store/conditions.ts';
import { callOf } from '../store/items/call-item.ts';
import { callKey, waitingWatchKey } from '../store/keys.ts';
import type { Table } from '../store/table.ts';
import type { Write } from '../store/transaction.ts';
import { readAll, watched } from '../store/watched.ts';

/* The queue of calls that wait for a gateway, as the `watch` index shows it and the table has it. */

/** So many are read to find the next that may be served: more than gateways are given out at one time. */
const headsRead = 16;
/** Nobody counts further: who is behind so many is far behind. */
const mostCounted = 1000;

export interface Heads {
  /** Those whose edge still asks, as they will be served. */
  waiting: Call[];
  /** Those whose edge has stopped asking: somebody should end them. */
  silent: Call[];
  /** More wait than were read. */
  more: boolean;
}

/** The calls that are served next: one query, and one read where there are any. */
export async function headsOfQueue(table: Table, nowMs: number): Promise<Heads> {
  const heads = await readQueue(table, nowMs, headsRead);
  // An edge that is gone may leave many behind: those after them must not wait for the sweep.
  return heads.waiting.length === 0 && heads.more ? readQueue(table, nowMs) : heads;
}

/** For so long it is taken that still nobody waits. Who has begun to wait meanwhile asks again within a second or two. */
export const queueRestMs = 250;

/** The heads of the queue, for gateways that register one after the other: where nobody waited a moment ago, none are read. */
export class QueueLook {
  #emptyAt = Number.NEGATIVE_INFINITY;

  async heads(table: Table, nowMs: number): Promise<Heads> {
    const ageMs = nowMs - this.#emptyAt;
    if (ageMs >= 0 && ageMs < queueRestMs) return { waiting: [], silent: [], more: false };
    const heads = await headsOfQueue(table, nowMs);
    if (heads.waiting.length === 0 && heads.silent.length === 0) this.#emptyAt = nowMs;
    return heads;
  }
}

/** The whole queue, as far as anybody counts. */
export async function readQueue(table: Table, nowMs: number, most = mostCounted): Promise<Heads> {
  const { items, more } = await watched(table, waitingWatchKey, most);
  const pks = items.map(({ pk }) => String(pk));
  const calls = table.readable(await readAll(table, pks), (item) => callOf(item, nowMs) ?? []).flat();
  const waiting = calls.filter((call) => call.state === 'waiting').sort(byTurn);
  return {
    waiting: waiting.filter((call) => isAsking(call, nowMs)),
    silent: waiting.filter((call) => !isAsking(call, nowMs)),
    more,
  };
}

/**
 * How many calls wait before one, by the index alone.
 * @param call undefined for one that has just come: all others are before it
 */
export async function countAhead(table: Table, call: Call | undefined): Promise<number> {
  const since = call?.waitingSince;
  if (call === undefined || since === undefined) {
    return (await watched(table, waitingWatchKey, mostCounted)).items.length;
  }
  const { items } = await watched(table, waitingWatchKey, mostCounted, atMost('watchAt', since));
  const own = callKey(call);
  return items.filter(({ pk, watchAt }) => Number(watchAt) < since || String(pk) < own).length;
}

/**
 * Ends calls whose edge does not ask any more. They hold nothing, so their record is all there is to write.
 * @returns how many were ended; one that asked after all is none of them
 */
export async function endSilent(
  silent: readonly Call[],
  nowMs: number,
  { table, measure }: { table: Table; measure: Measure },
): Promise<number> {
  const ended = await Promise.all(
    silent.map(async (seen) => {
      const { call } = edgeLost(seen, nowMs, 'free');
      const { done } = await table.write(endWait(call, seen));
      if (done) measure(callMeasurements(seen, call), aboutCall(call));
      return done;
    }),
  );
  return ended.filter(Boolean).length;
}

/** A gateway's match with the call that is next. */
export interface Match {
  call: Call;
  /** The call's half of the transaction that gives it the gateway. */
  write: Write;
  lockedUntil: number;
}

/**
 * @param calls that wait, as they will be served
 * @returns the match of a gateway with the first that may get it, to be written with the gateway's lock
 */
export function matchNext(
  calls: readonly Call[],
  candidate: Candidate,
  nowMs: number,
  leaseMs: number,
): Match | undefined {
  const call = calls.find((one) => mayGet(one, candidate.username));
  if (call === undefined) return undefined;
  const write = putCall(offeredCall(call, candidate, nowMs, leaseMs), call, nowMs);
  return { call, write, lockedUntil: nowMs + leaseMs };
}
