import { isoOf } from '../../../../contracts/api/common.ts';
import type { Status } from '../../../../contracts/api/pool-views.ts';
import type { EdgeView } from '../../../../contracts/api/views.ts';
import type { Outcome } from '../../../../contracts/outcomes.ts';
import { decisionView, quietView } from '../../../domain/fleet/fleet-views.ts';
import { edgeView, known } from '../../../domain/views.ts';
import { above, atMost, between } from '../../../store/conditions.ts';
import { callOf } from '../../../store/items/call-item.ts';
import { decisionFrom } from '../../../store/items/decision-item.ts';
import { edgeFrom } from '../../../store/items/edge-item.ts';
import { fleetPoolOf } from '../../../store/items/pool-item.ts';
import {
  callsWatchKey,
  decisionsWatchKey,
  drainedWatchKey,
  drainingWatchKey,
  edgeKey,
  endedCallsWatchKey,
  freeIndex,
  freeShardNames,
  heldWatchKey,
  neverAt,
  poolKey,
  silentWatchKey,
  waitingWatchKey,
  watchIndex,
} from '../../../store/keys.ts';
import { newestFirst } from '../../../store/newest-first.ts';
import type { QueryInput, Table } from '../../../store/table.ts';
import { readAll } from '../../../store/watched.ts';
import type { ApiDeps } from '../deps.ts';
import { edgeIdsOf, pastCallsLanes } from './calls.ts';
import { daysLane, windowOf } from './window.ts';

const hourMs = 3_600_000;
/** What one answer counts of each kind; beyond it the number says that there are so many at least. */
const maxCounted = 10_000;
/** Failed calls of the last hour that are read for their outcome. */
const maxFailuresRead = 200;

/** How it stands. Some twenty small queries beside each other; none of them reads a record for each gateway or call. */
export async function getStatus(deps: ApiDeps): Promise<Status> {
  const { table, now } = deps;
  const nowMs = now();
  const [pool, decision, gateways, edges, waiting, lastHour] = await Promise.all([
    table.get(poolKey),
    lastDecision(deps, nowMs),
    countGateways(deps, nowMs),
    listEdges(deps),
    queue(table, nowMs),
    lastHourOf(table, nowMs),
  ]);
  const { managed, maximum, starting = 0, startsFailing = false, updatedAt, quiet } = fleetPoolOf(pool);
  const calls = edges.reduce((sum, edge) => sum + edge.calls, 0);
  const busy = edges.reduce((sum, edge) => sum + edge.answered, 0);
  return known({
    gateways: { ...gateways, busy },
    managed,
    maximum,
    starting,
    startsFailing,
    ...waiting,
    calls,
    edges: edges.map(({ answered: _answered, ...edge }) => edge),
    lastHour,
    lastDecision: decision,
    quiet: quiet && quietView(quiet),
    managedAt: updatedAt === undefined ? undefined : isoOf(updatedAt),
  });
}

const counter = (table: Table) => async (key: string, range?: QueryInput['range']) =>
  (
    await table.count({
      index: watchIndex,
      key: ['watchKey', key],
      limit: maxCounted,
      ...(range && { range }),
    })
  ).count;

async function countGateways({ table, freeShards }: ApiDeps, nowMs: number) {
  const count = counter(table);
  const inShards = async (range: QueryInput['range']) => {
    const counts = await Promise.all(
      freeShardNames(freeShards).map((shard) =>
        table.count({
          index: freeIndex,
          key: ['freeShard', shard],
          limit: maxCounted,
          ...(range && { range }),
        }),
      ),
    );
    return counts.reduce((sum, one) => sum + one.count, 0);
  };
  const [free, locked, silent, held, drained, draining] = await Promise.all([
    inShards(atMost('availableAt', nowMs)),
    inShards(above('availableAt', nowMs)),
    count(silentWatchKey),
    count(heldWatchKey),
    count(drainedWatchKey),
    count(drainingWatchKey),
  ]);
  return { free, locked, silent, held, draining: drained + draining };
}

/** The edges that are looked after, with their calls; `answered`: those of them that are answered. */
export async function listEdges({
  table,
  now,
}: Pick<ApiDeps, 'table' | 'now'>): Promise<(EdgeView & { answered: number })[]> {
  const count = counter(table);
  const items = await readAll(table, (await edgeIdsOf(table)).map(edgeKey));
  const edges = table.readable(items, edgeFrom);
  const views = edges.map(async (edge) => {
    const key = callsWatchKey(edge.edgeId);
    const [calls, answered] = await Promise.all([count(key), count(key, above('watchAt', neverAt - 1))]);
    return { ...edgeView(edge, calls, now()), answered };
  });
  return (await Promise.all(views)).sort((a, b) => (a.edgeId < b.edgeId ? -1 : 1));
}

async function queue(table: Table, nowMs: number): Promise<{ waiting: number; longestWaitSec?: number }> {
  const key: [string, string] = ['watchKey', waitingWatchKey];
  const [waiting, first] = await Promise.all([
    counter(table)(waitingWatchKey),
    table.query({ index: watchIndex, key, limit: 1 }),
  ]);
  const since = first.items[0]?.watchAt;
  return {
    waiting,
    ...(since !== undefined && { longestWaitSec: Math.max(0, Math.round((nowMs - Number(since)) / 1000)) }),
  };
}

async function lastHourOf(table: Table, nowMs: number): Promise<Status['lastHour']> {
  const window = { from: nowMs - hourMs, to: nowMs };
  const days = [...new Set([window.to, window.from].map((at) => endedCallsWatchKey(at, false)))];
  const count = counter(table);
  const [counts, failed] = await Promise.all([
    Promise.all(days.map((day) => count(day, between('watchAt', window.from, window.to)))),
    newestFirst(table, pastCallsLanes(window, true), maxFailuresRead),
  ]);
  const items = await readAll(
    table,
    failed.entries.map(({ pk }) => pk),
  );
  const outcomes = new Map<Outcome, number>();
  for (const [call] of table.readable(items, (item) => [callOf(item, nowMs)])) {
    if (call?.outcome) outcomes.set(call.outcome, (outcomes.get(call.outcome) ?? 0) + 1);
  }
  return {
    finished: counts.reduce((sum, one) => sum + one, 0),
    failed: [...outcomes]
      .map(([outcome, number]) => ({ outcome, count: number }))
      .sort((a, b) => b.count - a.count),
    more: failed.placeAfter(maxFailuresRead) !== undefined,
  };
}

async function lastDecision({ table }: ApiDeps, nowMs: number) {
  const lane = daysLane(windowOf({}, nowMs), decisionsWatchKey);
  const { entries } = await newestFirst(table, [lane], 1);
  const items = await readAll(
    table,
    entries.map(({ pk }) => pk),
  );
  const [decision] = table.readable(items, decisionFrom);
  return decision && decisionView(decision);
}
