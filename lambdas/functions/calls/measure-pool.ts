import type { Measurement } from '../../../contracts/metrics.ts';
import { canBeGiven } from '../../domain/gateway/gateway-state.ts';
import { isLive } from '../../domain/time.ts';
import type { Item } from '../../store/attributes.ts';
import { above } from '../../store/conditions.ts';
import { deleteExpired } from '../../store/gateway-writes.ts';
import { gatewayFrom } from '../../store/items/gateway-item.ts';
import {
  callsWatchKey,
  drainingWatchKey,
  edgeIdOf,
  edgesWatchKey,
  freeIndex,
  freeShardNames,
  neverAt,
} from '../../store/keys.ts';
import { watched } from '../../store/watched.ts';
import { isAbandoned } from '../../usecases/lapsed-lock.ts';
import type { SettleDeps } from '../../usecases/settle-call.ts';

/** DynamoDB reads at most so many items in one BatchGetItem. */
const pageSize = 100;
/** Bounds of one count: what is beyond is not counted. */
const maxOfShard = 5000;
const maxEdges = 100;
const maxCallsOfEdge = 5000;

type CountDeps = Pick<SettleDeps, 'table' | 'now' | 'freeShards'>;

/**
 * Counts the pool without reading the whole table: what can be given and what is locked stands in the `free` index,
 * calls in progress in the `watch` index. Only a free gateway's own item tells whether it still registers, so each is
 * read, and one that does not is deleted: one read unit for each free gateway, and one for some 80 calls.
 * A gateway that did not answer its last INVITE is in no index, and not counted.
 * @throws TableUnavailable
 */
export async function measurePool({ table, now, freeShards }: CountDeps): Promise<Measurement[]> {
  let free = 0;
  let locked = 0;
  for (const shard of freeShardNames(freeShards)) {
    const counted = await countShard(shard, { table, now });
    free += counted.free;
    locked += counted.locked;
  }
  const draining = (await watched(table, drainingWatchKey, maxOfShard)).items.length;
  let busy = 0;
  for (const { pk } of (await watched(table, edgesWatchKey, maxEdges)).items) {
    const edgeId = edgeIdOf(String(pk));
    // An answered call is never due; an offered one is counted by its gateway's lock.
    const range = above('watchAt', neverAt - 1);
    busy += (await watched(table, callsWatchKey(edgeId), maxCallsOfEdge, range)).items.length;
  }
  return [
    { name: 'RegisteredGateways', value: free + locked + busy + draining },
    { name: 'FreeGateways', value: free },
    { name: 'LockedGateways', value: locked },
    { name: 'BusyGateways', value: busy },
  ];
}

async function countShard(
  shard: string,
  { table, now }: Omit<CountDeps, 'freeShards'>,
): Promise<{ free: number; locked: number }> {
  const nowMs = now();
  let free = 0;
  let locked = 0;
  let seen = 0;
  let from: Item | undefined;
  do {
    const page = await table.query({ index: freeIndex, key: ['freeShard', shard], limit: pageSize, from });
    const due = page.items.filter(({ availableAt }) => Number(availableAt) <= nowMs);
    locked += page.items.length - due.length;
    const gateways = table.readable(await table.getMany(due.map(({ pk }) => String(pk))), gatewayFrom);
    for (const gateway of gateways.filter((one) => canBeGiven(one, nowMs))) {
      if (gateway.state === 'free' || (await isAbandoned(gateway, { table, now }))) free += 1;
      else locked += 1;
    }
    for (const dead of gateways.filter((one) => !isLive(one, nowMs))) {
      // Refused where it came back since: then the next count has it.
      await table.write(deleteExpired(dead, nowMs));
    }
    seen += page.items.length;
    from = page.next;
  } while (from !== undefined && seen < maxOfShard);
  return { free, locked };
}
