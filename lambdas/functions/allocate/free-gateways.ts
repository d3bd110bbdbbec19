import type { ExhaustionCause } from '../../../contracts/outcomes.ts';
import type { Candidate, Gateway } from '../../domain/gateway/gateway.ts';
import { canBeGiven } from '../../domain/gateway/gateway-state.ts';
import { isLive } from '../../domain/time.ts';
import type { Item } from '../../store/attributes.ts';
import { above, atMost } from '../../store/conditions.ts';
import { deleteExpired } from '../../store/gateway-writes.ts';
import { candidateFrom, gatewayFrom } from '../../store/items/gateway-item.ts';
import {
  callsWatchKey,
  edgeIdOf,
  edgesWatchKey,
  freeIndex,
  gatewayKey,
  watchIndex,
} from '../../store/keys.ts';
import type { Page, Table } from '../../store/table.ts';
import { endLapsedLock, type LapsedLockDeps } from '../../usecases/lapsed-lock.ts';

/* Looks into the `free` index: what it shows are candidates, never promises. */

/** The first page is about half a read unit, and enough choice for the callers of one moment. */
const firstPageSize = 16;
/** Whoever must read on meets many dead locations (a site went dark): larger steps, as much as one BatchGetItem reads. */
const nextPageSize = 96;
/** One caller cleans up so many, the next goes on. */
const maxSwept = 32;

/** Other edges whose calls are looked at to tell a full pool from an empty one. */
const edgesLookedAt = 5;

export interface CandidatePage {
  candidates: Candidate[];
  /** Give it back to read on. */
  next?: Item;
}

/**
 * One query: the gateways of a shard that can be given, those that came free last first (dead ones sink).
 * @param callers for how many they shall be enough
 */
export async function candidatesOf(
  table: Table,
  shard: string,
  nowMs: number,
  callers: number,
  from?: Item,
): Promise<CandidatePage> {
  const page: Page = await table.query({
    index: freeIndex,
    key: ['freeShard', shard],
    range: atMost('availableAt', nowMs),
    newestFirst: true,
    limit: from === undefined ? Math.min(firstPageSize + 2 * (callers - 1), nextPageSize) : nextPageSize,
    from,
  });
  const candidates = table.readable(page.items, candidateFrom);
  return { candidates, ...(page.next && { next: page.next }) };
}

/** One read that tells the living of a page from the dead, instead of one failed lock for each. */
export async function readGateways(table: Table, candidates: readonly Candidate[]): Promise<Gateway[]> {
  const items = await table.getMany(candidates.map((one) => gatewayKey(one.username)));
  return table.readable(items, gatewayFrom);
}

/** Of gateways just read, those that can be given. */
export function givableOf(gateways: readonly Gateway[], nowMs: number): Candidate[] {
  return gateways.filter((one) => canBeGiven(one, nowMs));
}

/** Deletes locations that ran out, so that the next caller does not meet them again. */
export async function sweepExpired(gateways: readonly Gateway[], deps: LapsedLockDeps): Promise<void> {
  const nowMs = deps.now();
  const dead = gateways.filter((one) => !isLive(one, nowMs)).slice(0, maxSwept);
  await Promise.all(
    dead.map(async (one) => {
      await endLapsedLock(one, deps);
      await deps.table.write(deleteExpired(one, nowMs));
    }),
  );
}

/**
 * Tells why there was no candidate, without counting: a lock that has not lapsed is still in the `free` index; a
 * gateway in a call is not, but its call is open in the `watch` index of its edge. At most one query a shard, one
 * for the caller's edge, one for the edges and one for each of the first few others.
 */
export async function causeOfExhaustion(
  table: Table,
  shards: readonly string[],
  edgeId: string,
  nowMs: number,
): Promise<Extract<ExhaustionCause, 'none-registered' | 'none-free'>> {
  const any = async (index: string, key: [string, string], range = above('watchAt', 0)) =>
    (await table.query({ index, key, range, limit: 1 })).items.length > 0;

  for (const shard of shards) {
    if (await any(freeIndex, ['freeShard', shard], above('availableAt', nowMs))) return 'none-free';
  }
  if (await any(watchIndex, ['watchKey', callsWatchKey(edgeId)])) return 'none-free';
  const edges = await table.query({
    index: watchIndex,
    key: ['watchKey', edgesWatchKey],
    newestFirst: true,
    limit: edgesLookedAt,
  });
  for (const { pk } of edges.items) {
    const other = edgeIdOf(String(pk));
    if (other !== edgeId && (await any(watchIndex, ['watchKey', callsWatchKey(other)]))) return 'none-free';
  }
  return 'none-registered';
}
