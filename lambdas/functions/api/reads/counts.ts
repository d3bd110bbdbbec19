import { isoOf } from '../../../../contracts/api/common.ts';
import type { Status } from '../../../../contracts/api/pool-views.ts';
import type { EdgeView } from '../../../../contracts/api/views.ts';
import type { MinuteSample } from '../../../domain/minute-sample.ts';
import { edgeView } from '../../../domain/views.ts';
import { above, atMost, type Condition } from '../../../store/conditions.ts';
import { edgeFrom } from '../../../store/items/edge-item.ts';
import { lastSampleKeys, lastSampleOf } from '../../../store/items/minute-items.ts';
import {
  callsWatchKey,
  drainedWatchKey,
  drainingWatchKey,
  edgeKey,
  freeIndex,
  freeShardNames,
  heldWatchKey,
  neverAt,
  silentWatchKey,
  watchIndex,
} from '../../../store/keys.ts';
import type { Table } from '../../../store/table.ts';
import { readAll, watched } from '../../../store/watched.ts';
import type { ApiDeps } from '../deps.ts';
import { edgeIdsOf } from './calls.ts';

/* Counts of gateways and calls, each at a bounded cost. */

/** What one answer counts of each kind; beyond it the number says that there are so many at least. */
const maxCounted = 10_000;
/**
 * Of free and of locked gateways those of a shard that are counted one by one: the index shows all that a lock needs, so
 * that they cost a read unit for some 25. Of more the last minute's count tells.
 */
const maxOfShard = 250;
/** Calls of an edge that are offered, and no more than that for long. */
const maxOffered = 1000;

/** The entries under a key of the `watch` index. @throws TableUnavailable */
export async function countWatched(table: Table, key: string, range?: Condition): Promise<number> {
  const input = { index: watchIndex, key: ['watchKey', key] as [string, string], limit: maxCounted };
  return (await table.count({ ...input, ...(range && { range }) })).count;
}

type Counts = Omit<Status['gateways'], 'busy'>;

interface CountedGateways {
  /** As the indexes show them. */
  counts: Counts;
  /** Where more are free or locked than are counted: how it stood in the last minute that is known. */
  minute: { at: number; sample: MinuteSample } | undefined;
}

/** @throws TableUnavailable */
export async function countGateways({ table, freeShards, now }: ApiDeps): Promise<CountedGateways> {
  const nowMs = now();
  const inShards = async (range: Condition) => {
    const counts = await Promise.all(
      freeShardNames(freeShards).map((shard) =>
        table.count({ index: freeIndex, key: ['freeShard', shard], limit: maxOfShard, range }),
      ),
    );
    return { count: counts.reduce((sum, one) => sum + one.count, 0), more: counts.some(({ more }) => more) };
  };
  const [free, locked, silent, held, drained, draining] = await Promise.all([
    inShards(atMost('availableAt', nowMs)),
    inShards(above('availableAt', nowMs)),
    countWatched(table, silentWatchKey),
    countWatched(table, heldWatchKey),
    countWatched(table, drainedWatchKey),
    countWatched(table, drainingWatchKey),
  ]);
  return {
    counts: { free: free.count, locked: locked.count, silent, held, draining: drained + draining },
    minute:
      free.more || locked.more
        ? lastSampleOf(await readAll(table, lastSampleKeys(nowMs), { late: true }), nowMs)
        : undefined,
  };
}

/**
 * @param busy gateways in answered calls
 * @param overdue calls whose lock is over and which may have their gateway all the same: it stands among the free ones
 */
export function gatewaysOf(
  { counts, minute }: CountedGateways,
  busy: number,
  overdue: number,
): Pick<Status, 'gateways' | 'countedAt'> {
  const free = Math.max(0, counts.free - overdue);
  const locked = counts.locked + Math.min(counts.free, overdue);
  if (minute === undefined) return { gateways: { ...counts, free, locked, busy } };
  const { sample, at } = minute;
  // It may have risen since: so many there are at least.
  const gateways = {
    ...counts,
    busy,
    free: Math.max(free, sample.free),
    locked: Math.max(locked, sample.locked),
  };
  return { gateways, countedAt: isoOf(at) };
}

export interface CountedEdge {
  view: EdgeView;
  calls: number;
  answered: number;
  /** Of the others: their lock is over. */
  overdue: number;
}

/** The edges that are looked after, with their calls. @throws TableUnavailable */
export async function countEdges({ table, now }: Pick<ApiDeps, 'table' | 'now'>): Promise<CountedEdge[]> {
  const nowMs = now();
  const items = await readAll(table, (await edgeIdsOf(table)).map(edgeKey));
  const counted = table.readable(items, edgeFrom).map(async (edge): Promise<CountedEdge> => {
    const key = callsWatchKey(edge.edgeId);
    const [answered, { items: offered }] = await Promise.all([
      countWatched(table, key, above('watchAt', neverAt - 1)),
      watched(table, key, maxOffered, atMost('watchAt', neverAt - 1)),
    ]);
    const calls = answered + offered.length;
    const overdue = offered.filter(({ watchAt }) => Number(watchAt) < nowMs).length;
    return { view: edgeView(edge, calls, nowMs), calls, answered, overdue };
  });
  return (await Promise.all(counted)).sort((a, b) => (a.view.edgeId < b.view.edgeId ? -1 : 1));
}
