import { parseGatewayName, taskIdOf } from '../../../contracts/gateway-name.ts';
import type { PoolCounts } from '../../domain/fleet/types.ts';
import { above, atMost, present } from '../../store/conditions.ts';
import {
  callOfKey,
  drainedWatchKey,
  drainingWatchKey,
  freeIndex,
  freeShardNames,
  heldWatchKey,
  stoppingWatchKey,
  usernameOfKey,
  waitingWatchKey,
  watchIndex,
} from '../../store/keys.ts';
import { watched } from '../../store/watched.ts';
import type { FleetDeps } from './deps.ts';

/** Entries of an index that one count looks at. Where there are more, as many is all that a decision needs to know. */
const maxCounted = 1000;
/** Entries of the young end of the index beside those that are looked for. */
const lookedAtMore = 50;
/** Calls in the queue that are looked at. */
const maxWaiting = 500;

export interface Census {
  counts: PoolCounts;
  /** More were free than the limit. */
  saturated: boolean;
  waiting: number;
  /** The call at the head of the queue. */
  firstWaiting?: string;
}

/**
 * Counts the pool by bounded queries of its indexes, whose cost does not grow with it: the free ones up to a limit,
 * those locked, waiting, held and draining, which are few; the rest of what there is must be in calls.
 * @param managed all gateways of ours, kept by the fleet itself
 * @param freeLimit free gateways of a shard beyond which their number does not matter
 * @param justFree usernames that have just been seen free in the table: the index may not show them yet
 */
export async function countPool(
  managed: number,
  starting: number,
  freeLimit: number,
  justFree: readonly string[],
  deps: FleetDeps,
): Promise<Census> {
  const { table, freeShards } = deps;
  const nowMs = deps.now();
  const inIndex = (watchKey: string) =>
    table.count({ index: watchIndex, key: ['watchKey', watchKey], limit: maxCounted });
  const perShard = freeShardNames(freeShards).flatMap((shard) => [
    table.count(
      { index: freeIndex, key: ['freeShard', shard], range: atMost('availableAt', nowMs), limit: freeLimit },
      present('taskId'),
    ),
    table.count(
      { index: freeIndex, key: ['freeShard', shard], range: above('availableAt', nowMs), limit: maxCounted },
      present('taskId'),
    ),
  ]);
  const [shards, stopping, drained, draining, queue, heldByAny] = await Promise.all([
    Promise.all(perShard),
    inIndex(stoppingWatchKey),
    inIndex(drainedWatchKey),
    inIndex(drainingWatchKey),
    watched(table, waitingWatchKey, maxWaiting),
    watched(table, heldWatchKey, maxCounted),
  ]);
  const free = shards.filter((_count, index) => index % 2 === 0);
  const sum = (list: readonly { count: number; scanned: number }[], what: 'count' | 'scanned') =>
    list.reduce((total, one) => total + one[what], 0);
  const late = await notShown(justFree, deps);
  const freeManaged = sum(free, 'count') + late;
  const locked = sum(
    shards.filter((_count, index) => index % 2 === 1),
    'count',
  );
  // A gateway that was drained is counted by its location until its task tells that it stops, then by the task.
  const leaving = Math.max(stopping.count, drained.count) + draining.count;
  // Gateways that others started may be held as well.
  const held = heldByAny.items.filter(({ pk }) => isOurs(usernameOfKey(String(pk)), deps)).length;
  const [first] = queue.items;
  return {
    counts: {
      // Gateways that others started serve calls as well; they are no part of `managed`.
      free: sum(free, 'scanned') + late,
      unmanaged: sum(free, 'scanned') - sum(free, 'count'),
      locked,
      busy: Math.max(0, managed - starting - freeManaged - locked - held - leaving),
      held,
      draining: leaving,
      starting,
    },
    saturated: free.some(({ more }) => more),
    waiting: queue.items.length,
    ...(first && { firstWaiting: callOfKey(String(first.pk)).callId }),
  };
}

/** Whether a task of ours runs it. */
function isOurs(username: string, { gatewayName }: FleetDeps): boolean {
  const name = parseGatewayName(username, gatewayName);
  return name !== undefined && taskIdOf(name) !== undefined;
}

/** How many of these the young end of the index does not show yet: they count all the same. */
async function notShown(usernames: readonly string[], { table, freeShards }: FleetDeps): Promise<number> {
  if (usernames.length === 0) return 0;
  const pages = await Promise.all(
    freeShardNames(freeShards).map((shard) =>
      table.query({
        index: freeIndex,
        key: ['freeShard', shard],
        newestFirst: true,
        limit: usernames.length + lookedAtMore,
      }),
    ),
  );
  const shown = new Set(pages.flatMap(({ items }) => items.map(({ username }) => String(username))));
  return usernames.filter((username) => !shown.has(username)).length;
}
