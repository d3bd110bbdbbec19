import { type EcsTask, foundTask, isOver, stoppingTask, type Task } from '../../domain/fleet/task.ts';
import { isOwned } from '../../domain/gateway/gateway-state.ts';
import { isLive } from '../../domain/time.ts';
import { gatewayFrom } from '../../store/items/gateway-item.ts';
import { taskFrom } from '../../store/items/task-item.ts';
import { gatewayKey, goneWatchKey, runningWatchKey, stoppingWatchKey, taskKey } from '../../store/keys.ts';
import { changeTask, newTask } from '../../store/task-writes.ts';
import { readAll, watched } from '../../store/watched.ts';
import { usernameOf } from './deps.ts';
import type { LeasedRun } from './leased-run.ts';
import { takeTaskEvent } from './take-task-event.ts';

export const reconcileEveryMs = 300_000;
/** ECS shows a task to ListTasks a moment after it has taken it. */
const youngMs = 60_000;
/** How long a gateway may be without a registration before its task is stopped: it may be restarting or leaving. */
const lapsedMs = 120_000;
/** Longer than an index lags. */
const quietMs = 15_000;
const maxTasks = 20_000;

/**
 * Compares the records of starts with the tasks of the cluster, one by one: the only step whose cost grows with the
 * pool, and so it is taken every few minutes only. Finds tasks whose record is lost, records whose task ended untold,
 * and gateways whose registration lapsed while their task runs.
 * @throws LeaseLost, TableUnavailable, TableContention, TaskNotStopped
 */
export async function reconcile(run: LeasedRun): Promise<void> {
  const { ecs } = run.deps;
  const listed = new Set(await ecs.list());
  const tasks = await openTasks(run);
  const known = new Set(tasks.flatMap(({ taskId }) => taskId ?? []));
  const nowMs = run.deps.now();

  const strangers = [...listed].filter((id) => !known.has(id));
  for (const seen of await ecs.describe(strangers)) await adopt(seen, run);

  const unlisted = tasks.filter(
    ({ taskId, requestedAt }) => taskId !== undefined && !listed.has(taskId) && requestedAt < nowMs - youngMs,
  );
  await settleUnlisted(unlisted, run);
  await stopLapsed(
    tasks.filter(({ state, taskId }) => state === 'registered' && listed.has(taskId ?? '')),
    run,
  );
  await recount(run);
  run.state = { ...run.state, reconciledAt: nowMs };
}

/** Keys of the records of starts: those in flight by the pool's own list, and others by where they stand. */
async function recorded(run: LeasedRun, watchKeys: readonly string[]): Promise<Set<string>> {
  const pks = new Set(run.state.starts.map(taskKey));
  for (const key of watchKeys) {
    for (const { pk } of (await watched(run.deps.table, key, maxTasks)).items) pks.add(String(pk));
  }
  return pks;
}

/** Records of starts that are not over. */
async function openTasks(run: LeasedRun): Promise<Task[]> {
  const pks = await recorded(run, [runningWatchKey, stoppingWatchKey]);
  const tasks = run.deps.table.readable(await readAll(run.deps.table, [...pks]), taskFrom);
  return tasks.filter((task) => !isOver(task));
}

/** A task that ECS has and no open record names. Only what the fleet started is its own. */
async function adopt(seen: EcsTask, run: LeasedRun): Promise<void> {
  const { table, now } = run.deps;
  if (seen.startId === undefined || seen.lastStatus === 'STOPPED') return;
  if ((await table.get(taskKey(seen.startId))) !== undefined) {
    await takeTaskEvent(seen, run.deps);
    return;
  }
  const task = foundTask(seen.startId, seen, now());
  run.deps.warn('found a task whose record was lost', { startId: task.startId, taskId: seen.taskId });
  const { managed, starts } = run.state;
  await run.commit([newTask(task)], { managed: managed + 1, starts: [...starts, task.startId] });
}

/** Tasks that ECS lists no more: stopped, stopping, or forgotten since. */
async function settleUnlisted(tasks: readonly Task[], run: LeasedRun): Promise<void> {
  const described = await run.deps.ecs.describe(tasks.flatMap(({ taskId }) => taskId ?? []));
  const byId = new Map(described.map((one) => [one.taskId, one]));
  for (const { taskId = '', startId, ecsVersion = 0 } of tasks) {
    const forgotten: EcsTask = {
      taskId,
      startId,
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      version: ecsVersion + 1,
      stoppedReason: 'ECS knows it no more',
    };
    await takeTaskEvent(byId.get(taskId) ?? forgotten, run.deps);
  }
}

/** Gateways that run and are not registered: never one in a call, whose end is told by others. */
async function stopLapsed(tasks: readonly Task[], run: LeasedRun): Promise<void> {
  const { table, stopTask, now } = run.deps;
  const name = ({ taskId = '' }: Task) => usernameOf(taskId, run.deps);
  const read = await readAll(
    table,
    tasks.map((task) => gatewayKey(name(task))),
  );
  const gateways = new Map(table.readable(read, gatewayFrom).map((one) => [one.username, one]));
  const nowMs = now();
  for (const task of tasks) {
    const gateway = gateways.get(name(task));
    const registered = gateway !== undefined && (isLive(gateway, nowMs) || isOwned(gateway, nowMs));
    if (registered) {
      if (task.lapsedAt !== undefined) await changeTask(table, task, ({ lapsedAt: _at, ...rest }) => rest);
    } else if (task.lapsedAt === undefined) {
      await changeTask(table, task, (seen) => ({ ...seen, lapsedAt: nowMs }));
    } else if (nowMs - task.lapsedAt >= lapsedMs) {
      const reason = 'its registration lapsed';
      await stopTask(task.taskId as string, reason);
      await changeTask(table, task, (seen) => (isOver(seen) ? seen : stoppingTask(seen, reason, now())));
    }
  }
}

/**
 * Corrects the count where it was found wrong by as much twice in a row. What has changed a moment ago an index may not
 * show yet, so that a busy pool is not counted.
 */
async function recount(run: LeasedRun): Promise<void> {
  const { warn, now } = run.deps;
  if (now() - (run.state.changedAt ?? 0) < quietMs) return;
  const pks = await recorded(run, [runningWatchKey, stoppingWatchKey, goneWatchKey]);
  const drift = run.state.managed - pks.size;
  if (drift !== 0 && drift === run.state.drift) {
    warn('the count of gateways was wrong', { managed: run.state.managed, found: pks.size });
    run.state = { ...run.state, managed: pks.size };
  }
  const { drift: _before, ...rest } = run.state;
  run.state = drift === 0 ? rest : { ...rest, drift };
}
