import type * as z from 'zod';
import type { reads } from '../../../../contracts/api/routes.ts';
import type { GatewayView } from '../../../../contracts/api/views.ts';
import type { GatewayState } from '../../../../contracts/gateway-state.ts';
import { isLive } from '../../../domain/time.ts';
import { gatewayView } from '../../../domain/views.ts';
import type { Item } from '../../../store/attributes.ts';
import { callFrom } from '../../../store/items/call-item.ts';
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
import type { Table } from '../../../store/table.ts';
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
    load: (pks) => gatewaysAt(table, pks, username),
    view: (item) => {
      const gateway = gatewayFrom(item);
      const view = gatewayView(gateway, nowMs);
      const isAskedFor = state === undefined || view.state === state;
      return isLive(gateway, nowMs) && isAskedFor ? view : undefined;
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
  const lanes: Record<GatewayState, () => Promise<Lane[]> | Lane[]> = {
    // An answered call is never due; an offered one has its gateway locked.
    busy: async () =>
      (await edgeIdsOf(table)).map((id) => watchLane([callsWatchKey(id)], { from: neverAt, to: neverAt })),
    locked: () => shards(nowMs + 1, neverAt),
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
async function gatewaysAt(table: Table, pks: readonly string[], beginning = ''): Promise<Map<string, Item>> {
  const ofCalls = pks.filter((pk) => pk.startsWith(callKeyPrefix));
  const calls = [...(await itemsOf(table, ofCalls)).entries()].flatMap(([pk, item]) =>
    table.readable([item], callFrom).map(({ gateway = '' }) => [pk, gatewayKey(gateway)] as const),
  );
  const own = pks.filter((pk) => pk.startsWith(gatewayKeyPrefix)).map((pk) => [pk, pk] as const);
  const wanted = [...calls, ...own].filter(([, gateway]) => gateway.startsWith(gatewayKey(beginning)));
  const items = await itemsOf(table, [...new Set(wanted.map(([, gateway]) => gateway))]);
  return new Map(
    wanted.flatMap(([pk, gateway]) => {
      const item = items.get(gateway);
      return item === undefined ? [] : [[pk, item] as const];
    }),
  );
}

/** @throws TableUnavailable, ApiProblem not-found */
export async function getGateway(username: string, { table, now }: ApiDeps): Promise<GatewayView> {
  const nowMs = now();
  const gateway = gatewayOf(await table.get(gatewayKey(username)));
  if (gateway === undefined || !isLive(gateway, nowMs)) {
    throw new ApiProblem('not-found', { code: 'no-such-gateway' });
  }
  return gatewayView(gateway, nowMs);
}
