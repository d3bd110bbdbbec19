import type * as z from 'zod';
import type { reads } from '../../../../contracts/api/routes.ts';
import type { GatewayView } from '../../../../contracts/api/views.ts';
import type { GatewayState } from '../../../../contracts/gateway-state.ts';
import { isLive } from '../../../domain/time.ts';
import { gatewayView } from '../../../domain/views.ts';
import type { Item } from '../../../store/attributes.ts';
import { gatewayFrom, gatewayOf } from '../../../store/items/gateway-item.ts';
import {
  callKeyPrefix,
  callsWatchKey,
  drainedWatchKey,
  drainingWatchKey,
  freeIndex,
  freeShardNames,
  gatewayKey,
  gatewayKeyPrefix,
  heldWatchKey,
  neverAt,
  silentWatchKey,
} from '../../../store/keys.ts';
import type { Lane } from '../../../store/newest-first.ts';
import { isAbandoned } from '../../../usecases/lapsed-lock.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { edgeIdsOf } from './calls.ts';
import { itemsOf, type PageOf, readPage } from './page.ts';
import { watchLane } from './window.ts';

type Query = z.output<typeof reads.listGateways.query>;

/**
 * The gateways in the places where each state stands in an index; a busy one is found by its call.
 * @throws TableUnavailable, ApiProblem
 */
export async function listGateways(query: Query, deps: ApiDeps): Promise<PageOf<GatewayView>> {
  const { table, now } = deps;
  const nowMs = now();
  const { state, username } = query;
  return readPage(table, {
    ...query,
    lanes: await lanesOf(state, deps),
    cursor: query.cursor,
    load: (pks) => gatewaysAt(pks, username, deps),
    view: (item) => {
      const gateway = gatewayFrom(item);
      const isAskedFor = state === undefined || gateway.state === state;
      return isLive(gateway, nowMs) && isAskedFor ? gatewayView(gateway) : undefined;
    },
    byTime: false,
  });
}

/** By state, in the order of a list of all. */
async function lanesOf(asked: GatewayState | undefined, deps: ApiDeps): Promise<Lane[]> {
  const { table, freeShards } = deps;
  const nowMs = deps.now();
  const always = { from: 0, to: neverAt };
  const shards = (from: number, to: number): Lane[] =>
    freeShardNames(freeShards).map((shard) => ({
      index: freeIndex,
      attributes: ['freeShard', 'availableAt'],
      keys: [shard],
      from,
      to,
    }));
  const byCalls = async (from: number, to: number) =>
    (await edgeIdsOf(table)).map((id) => watchLane([callsWatchKey(id)], { from, to }));
  const lanes: Record<GatewayState, () => Promise<Lane[]> | Lane[]> = {
    // An answered call is never due; an offered one has its gateway locked.
    busy: () => byCalls(neverAt, neverAt),
    // Those of locks that are over stand among the free ones, and their calls are overdue.
    locked: async () => [
      ...shards(nowMs + 1, neverAt),
      ...(asked === undefined ? [] : await byCalls(0, nowMs)),
    ],
    free: () => shards(0, nowMs),
    silent: () => [watchLane([silentWatchKey], always)],
    held: () => [watchLane([heldWatchKey], always)],
    draining: () => [drainedWatchKey, drainingWatchKey].map((key) => watchLane([key], always)),
  };
  const states = asked === undefined ? (Object.keys(lanes) as GatewayState[]) : [asked];
  return (await Promise.all(states.map((one) => lanes[one]()))).flat();
}

/**
 * The gateways' items, by the key that the index shows: their own, or that of their call.
 * @param beginning of their usernames: the others are not read
 */
async function gatewaysAt(pks: readonly string[], beginning = '', deps: ApiDeps): Promise<Map<string, Item>> {
  const { table } = deps;
  const ofCalls = pks.filter((pk) => pk.startsWith(callKeyPrefix));
  const calls = [...(await itemsOf(table, ofCalls, { only: ['gateway'] })).entries()].map(
    ([pk, { gateway }]) => [pk, gatewayKey(String(gateway))] as const,
  );
  const own = pks.filter((pk) => pk.startsWith(gatewayKeyPrefix)).map((pk) => [pk, pk] as const);
  const wanted = [...calls, ...own].filter(([, gateway]) => gateway.startsWith(gatewayKey(beginning)));
  const items = await itemsOf(table, [...new Set(wanted.map(([, gateway]) => gateway))]);
  const found = wanted.map(async ([pk, gateway]) => {
    const item = items.get(gateway);
    return item === undefined ? [] : [[pk, await asFound(item, deps)] as const];
  });
  return new Map((await Promise.all(found)).flat());
}

/** As a call would find it: a lock that is over, and that nobody can have in a call, counts for nothing. */
async function asFound(item: Item, { table, now }: ApiDeps): Promise<Item> {
  if (item.state !== 'locked' || Number(item.lockedUntil) >= now()) return item;
  const [gateway] = table.readable([item], gatewayFrom);
  if (!(await isAbandoned(gateway, { table, now }))) return item;
  const { lockedBy: _call, lockedUntil: _over, ...rest } = item;
  return { ...rest, state: 'free' };
}

/** @throws TableUnavailable, ApiProblem not-found */
export async function getGateway(username: string, deps: ApiDeps): Promise<GatewayView> {
  const item = await deps.table.get(gatewayKey(username));
  const gateway = gatewayOf(item && (await asFound(item, deps)));
  if (gateway === undefined || !isLive(gateway, deps.now())) {
    throw new ApiProblem('not-found', { code: 'no-such-gateway' });
  }
  return gatewayView(gateway);
}
