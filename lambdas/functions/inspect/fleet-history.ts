import type { DecisionView, InspectAnswer, StartView } from '../../../contracts/inspect.ts';
import { phasesOf, type Task } from '../../domain/fleet/task.ts';
import type { Item } from '../../store/attributes.ts';
import { decisionFrom, type KeptDecision } from '../../store/items/decision-item.ts';
import { fleetPoolOf } from '../../store/items/pool-item.ts';
import { taskFrom } from '../../store/items/task-item.ts';
import {
  decisionsWatchKey,
  goneWatchKey,
  poolKey,
  runningWatchKey,
  startingWatchKey,
  startsWatchKey,
  stoppingWatchKey,
  watchIndex,
} from '../../store/keys.ts';
import type { Table } from '../../store/table.ts';
import { readAll } from '../../store/watched.ts';

const dayMs = 24 * 3600 * 1000;
/** Records are kept so long. */
const keptDays = 31;

/** What the fleet decided lately, and why. @throws TableUnavailable */
export async function listDecisions(table: Table, limit: number, nowMs: number): Promise<InspectAnswer> {
  const items = await newestOf(table, daysBack(nowMs, decisionsWatchKey), limit);
  const decisions = table.readable(items, decisionFrom).map(decisionView);
  const { quiet } = fleetPoolOf(await table.get(poolKey));
  return {
    result: 'decisions',
    decisions: decisions.sort((a, b) => b.at - a.at),
    ...(quiet !== undefined && { quiet }),
  };
}

/** The starts of gateways, with how long each took. @throws TableUnavailable */
export async function listStarts(table: Table, limit: number, nowMs: number): Promise<InspectAnswer> {
  const open = [startingWatchKey, runningWatchKey, stoppingWatchKey, goneWatchKey];
  const current = await Promise.all(open.map((key) => newestOf(table, [key], limit)));
  const past = await newestOf(table, daysBack(nowMs, startsWatchKey), limit);
  const starts = table.readable([...current.flat(), ...past], taskFrom).map(startView);
  return {
    result: 'starts',
    starts: starts.sort((a, b) => b.requestedAt - a.requestedAt).slice(0, limit),
  };
}

/** The keys of the index of the last days, today first. */
function daysBack(nowMs: number, keyOf: (atMs: number) => string): string[] {
  return Array.from({ length: keptDays }, (_, days) => keyOf(nowMs - days * dayMs));
}

/** The newest items under the first of these keys that have enough. */
async function newestOf(table: Table, watchKeys: readonly string[], limit: number): Promise<Item[]> {
  const pks: string[] = [];
  for (const watchKey of watchKeys) {
    if (pks.length >= limit) break;
    const page = await table.query({
      index: watchIndex,
      key: ['watchKey', watchKey],
      newestFirst: true,
      limit: limit - pks.length,
    });
    pks.push(...page.items.map(({ pk }) => String(pk)));
  }
  return readAll(table, pks);
}

function decisionView(record: KeptDecision): DecisionView {
  const { at, action, count, done, trigger, counts, managed, waiting, recentStarts } = record;
  const { reason, warning, callId, quiet } = record;
  return {
    at,
    action,
    count,
    done,
    reason: { ...reason },
    ...(warning !== undefined && { warning }),
    trigger,
    counts,
    managed,
    waiting,
    ...(callId !== undefined && { callId }),
    recentStarts: { ...recentStarts },
    ...(quiet !== undefined && { quiet }),
  };
}

function startView(task: Task): StartView {
  const { startId, taskId, state, why, callId, requestedAt, registeredAt, stoppedAt, stopReason } = task;
  return {
    startId,
    ...(taskId !== undefined && { taskId }),
    state,
    why,
    ...(callId !== undefined && { callId }),
    requestedAt,
    ...(registeredAt !== undefined && { registeredAt }),
    ...(stoppedAt !== undefined && { stoppedAt }),
    ...phasesOf(task),
    ...(stopReason !== undefined && { stopReason }),
  };
}
