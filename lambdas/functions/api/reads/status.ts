import { isoOf } from '../../../../contracts/api/common.ts';
import type { Status } from '../../../../contracts/api/pool-views.ts';
import { isFailure, type Outcome } from '../../../../contracts/outcomes.ts';
import { decisionView, quietView } from '../../../domain/fleet/fleet-views.ts';
import { known } from '../../../domain/views.ts';
import { between } from '../../../store/conditions.ts';
import { callOf } from '../../../store/items/call-item.ts';
import { decisionFrom } from '../../../store/items/decision-item.ts';
import { fleetPoolOf } from '../../../store/items/pool-item.ts';
import {
  decisionsWatchKey,
  endedCallsWatchKey,
  poolKey,
  waitingWatchKey,
  watchIndex,
} from '../../../store/keys.ts';
import { newestFirst } from '../../../store/newest-first.ts';
import type { Table } from '../../../store/table.ts';
import { readAll } from '../../../store/watched.ts';
import type { ApiDeps } from '../deps.ts';
import { pastCallsLanes } from './calls.ts';
import { countEdges, countGateways, countWatched, gatewaysOf } from './counts.ts';
import { daysLane, windowOf } from './window.ts';

const hourMs = 3_600_000;
/** Failed calls of the last hour that are read for their outcome. */
const maxFailuresRead = 200;

/**
 * How it stands. Some twenty small queries beside each other; none of them reads a record for each gateway or call.
 * @throws TableUnavailable
 */
export async function getStatus(deps: ApiDeps): Promise<Status> {
  const { table, now } = deps;
  const nowMs = now();
  const [pool, decision, counted, edges, waiting, lastHour] = await Promise.all([
    table.get(poolKey),
    lastDecision(deps, nowMs),
    countGateways(deps),
    countEdges(deps),
    queue(table, nowMs),
    lastHourOf(table, nowMs),
  ]);
  const { managed, maximum, starting = 0, startsFailing = false, updatedAt, quiet } = fleetPoolOf(pool);
  const sum = (what: 'calls' | 'answered' | 'overdue') =>
    edges.reduce((total, edge) => total + edge[what], 0);
  return known({
    ...gatewaysOf(counted, sum('answered'), sum('overdue')),
    managed,
    maximum,
    starting,
    startsFailing,
    ...waiting,
    calls: sum('calls'),
    edges: edges.map(({ view }) => view),
    lastHour,
    lastDecision: decision,
    quiet: quiet && quietView(quiet),
    managedAt: updatedAt === undefined ? undefined : isoOf(updatedAt),
  });
}

async function queue(table: Table, nowMs: number): Promise<{ waiting: number; longestWaitSec?: number }> {
  const key: [string, string] = ['watchKey', waitingWatchKey];
  const [waiting, first] = await Promise.all([
    countWatched(table, waitingWatchKey),
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
  const [counts, failed] = await Promise.all([
    Promise.all(days.map((day) => countWatched(table, day, between('watchAt', window.from, window.to)))),
    newestFirst(table, pastCallsLanes(window, true), maxFailuresRead),
  ]);
  const items = await readAll(
    table,
    failed.entries.map(({ pk }) => pk),
    { late: true },
  );
  const outcomes = new Map<Outcome, number>();
  for (const [call] of table.readable(items, (item) => [callOf(item, nowMs)])) {
    if (call?.outcome && isFailure(call.outcome))
      outcomes.set(call.outcome, (outcomes.get(call.outcome) ?? 0) + 1);
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
