import {
  countedTask,
  hasFailed,
  isOver,
  neverRegistered,
  registeredTask,
  stoppingTask,
  type Task,
} from '../../domain/fleet/task.ts';
import { isLive } from '../../domain/time.ts';
import { gatewayFrom } from '../../store/items/gateway-item.ts';
import { taskFrom } from '../../store/items/task-item.ts';
import { gatewayKey, goneWatchKey, taskKey } from '../../store/keys.ts';
import { changeTask, putTask } from '../../store/task-writes.ts';
import { readAll, watched } from '../../store/watched.ts';
import { usernameOf } from './deps.ts';
import type { LeasedRun } from './leased-run.ts';
import { askEcs, giveUpStarts } from './start.ts';

/** A task that has not registered after so long never will. */
const registerLimitMs = 600_000;
/** Ended starts that one run takes off the count, in transactions of so many. */
const maxEnded = 200;
const perTransaction = 50;

/**
 * Takes starts that have ended off the pool's count: once each, since only the holder of the lease does, and the
 * record leaves the list in the same transaction.
 * @throws LeaseLost, TableUnavailable
 */
export async function collectEnded(run: LeasedRun): Promise<void> {
  const { table } = run.deps;
  const { items } = await watched(table, goneWatchKey, maxEnded);
  const pks = items.map(({ pk }) => String(pk));
  for (let i = 0; i < pks.length; i += perTransaction) {
    const read = await readAll(table, pks.slice(i, i + perTransaction));
    const ended = table.readable(read, taskFrom).filter((task) => isOver(task) && !task.counted);
    if (ended.length === 0) continue;
    const { managed, starts } = run.state;
    const inFlight = new Set(starts);
    const over = new Set(ended.map(({ startId }) => startId));
    const written = await run.commit(
      ended.map((task) => putTask(countedTask(task), task)),
      { managed: Math.max(0, managed - ended.length), starts: starts.filter((id) => !over.has(id)) },
    );
    if (!written) continue;
    run.report.ended += ended.length;
    // Registered and over between two looks.
    for (const task of ended) {
      const { startId, registeredAt } = task;
      if (registeredAt !== undefined && inFlight.has(startId)) noteStarted(task, registeredAt, run);
    }
    const failed = ended.filter(hasFailed).sort((a, b) => (a.stoppedAt ?? 0) - (b.stoppedAt ?? 0));
    for (const task of failed) run.noteFailure(task.stoppedAt ?? run.deps.now());
  }
}

/**
 * Looks at each start in flight: registered by now, to be asked for again, or too old. What nobody told of (a run that
 * was killed, an event that was lost) is so found at the next run.
 * @throws LeaseLost, TableUnavailable, TaskNotStopped
 */
export async function settleStarts(run: LeasedRun): Promise<{ justFree: string[] }> {
  const { table } = run.deps;
  const tasks = table.readable(await readAll(table, run.state.starts.map(taskKey)), taskFrom);
  const usernames = tasks.flatMap(({ taskId }) => taskId ?? []).map((id) => usernameOf(id, run.deps));
  const gateways = new Map(
    table
      .readable(await readAll(table, usernames.map(gatewayKey)), gatewayFrom)
      .map((gateway) => [gateway.taskId, gateway]),
  );
  const inFlight: string[] = [];
  const justFree: string[] = [];
  const askAgain: Task[] = [];
  const nowMs = run.deps.now();
  for (const task of tasks) {
    const gateway = task.taskId === undefined ? undefined : gateways.get(task.taskId);
    // Its registration was told, and it may be gone again.
    if (task.registeredAt !== undefined) noteStarted(task, task.registeredAt, run);
    if (isOver(task) || task.state === 'stopping' || task.state === 'registered') continue;
    if (gateway !== undefined && isLive(gateway, nowMs)) {
      await noteRegistered(task, gateway.registeredAt, run);
      if (gateway.state === 'free') justFree.push(gateway.username);
    } else if (nowMs - task.requestedAt > registerLimitMs) {
      await stopLate(task, run);
    } else {
      inFlight.push(task.startId);
      if (task.taskId === undefined && (task.retryAt ?? 0) <= nowMs) askAgain.push(task);
    }
  }
  run.state = { ...run.state, starts: inFlight };
  const open = tasks.filter(({ startId }) => inFlight.includes(startId));
  run.oldestStartAt = open.length > 0 ? Math.min(...open.map(({ requestedAt }) => requestedAt)) : undefined;
  const outcomes = await Promise.all(askAgain.map((task) => askEcs(task, run.deps)));
  await giveUpStarts(
    outcomes.flatMap(({ failed }) => failed ?? []),
    run,
  );
  return { justFree };
}

async function noteRegistered(task: Task, registeredAt: number, run: LeasedRun): Promise<void> {
  const change = (seen: Task) => (isOver(seen) ? seen : registeredTask(seen, registeredAt));
  const changed = await changeTask(run.deps.table, task, change);
  if (changed?.state === 'registered') noteStarted(changed, registeredAt, run);
}

function noteStarted(task: Task, registeredAt: number, run: LeasedRun): void {
  run.noteRegistered(registeredAt - task.requestedAt, registeredAt);
  run.deps.registered(task);
}

/** It counts until ECS says that it has stopped. */
async function stopLate(task: Task, run: LeasedRun): Promise<void> {
  const { table, stopTask, now } = run.deps;
  if (task.taskId === undefined) {
    await giveUpStarts([{ task, reason: neverRegistered }], run);
    return;
  }
  await stopTask(task.taskId, neverRegistered);
  await changeTask(table, task, (seen) => (isOver(seen) ? seen : stoppingTask(seen, neverRegistered, now())));
}
