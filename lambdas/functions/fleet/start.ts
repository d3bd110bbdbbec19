import {
  afterEcs,
  countedTask,
  failedTask,
  isOver,
  refusedTask,
  requestedTask,
  type Task,
  triedTask,
} from '../../domain/fleet/task.ts';
import { taskOf } from '../../store/items/task-item.ts';
import { taskKey } from '../../store/keys.ts';
import { changeTask, newTask, putTask } from '../../store/task-writes.ts';
import type { FleetDeps } from './deps.ts';
import type { LeasedRun } from './leased-run.ts';

/** Starts are written down and asked for in groups of so many, so that a run that is killed leaves few half done. */
const groupSize = 10;
/** A start that ECS neither takes nor refuses is given up after so many runs. */
const maxTries = 4;
const retryBaseMs = 2000;
const maxRetryMs = 60_000;

/**
 * Starts so many gateways. Each start is written down before ECS is asked, in one transaction with the pool's count,
 * which so never passes the maximum; ECS takes each request once, however often it is repeated.
 * @param why the rule that asks for them
 * @returns how many were asked for
 * @throws LeaseLost, TableUnavailable
 */
export async function startGateways(
  count: number,
  why: string,
  callId: string | undefined,
  run: LeasedRun,
): Promise<number> {
  let asked = 0;
  while (asked < count) {
    const size = Math.min(groupSize, count - asked);
    const nowMs = run.deps.now();
    const tasks = Array.from({ length: size }, () => requestedTask(run.deps.newId(), why, callId, nowMs));
    const { managed, starts } = run.state;
    const written = await run.commit(tasks.map(newTask), {
      managed: managed + size,
      starts: [...starts, ...tasks.map(({ startId }) => startId)],
    });
    // An id that was used before: as good as never.
    if (!written) break;
    asked += size;
    run.oldestStartAt ??= nowMs;
    run.report.started += size;
    const outcomes = await Promise.all(tasks.map((task) => askEcs(task, run.deps)));
    await giveUpStarts(
      outcomes.flatMap((one) => one.failed ?? []),
      run,
    );
    // Where ECS does not take these, it will not take more.
    if (outcomes.some((one) => !one.started)) break;
  }
  return asked;
}

interface Asked {
  started: boolean;
  /** It came to nothing, for this reason. */
  failed?: { task: Task; reason: string };
}

/** Asks ECS for one start: in any zone, and where that is refused, in each. */
export async function askEcs(first: Task, deps: FleetDeps): Promise<Asked> {
  const { table, ecs } = deps;
  let task = first;
  for (;;) {
    const asked = await ecs.run(task);
    if (asked.result === 'started') {
      await changeTask(table, task, (seen) => afterEcs(seen, asked.task, deps.now()));
      return { started: true };
    }
    const { reason } = asked;
    deps.warn('a start was not taken', { startId: task.startId, result: asked.result, reason });
    const unsure = asked.result === 'unsure';
    if (unsure ? task.tries + 1 >= maxTries : task.refusals >= ecs.zones)
      return { started: false, failed: { task, reason } };
    const changed = await changeTask(table, task, (seen) =>
      unsure ? triedTask(seen, deps.now() + pauseBefore(seen.tries, deps)) : refusedTask(seen),
    );
    if (unsure || changed === undefined) return { started: false };
    task = changed;
  }
}

/** Twice as long after each try, and never the same for two of them. */
function pauseBefore(tries: number, { random }: FleetDeps): number {
  const mostMs = Math.min(maxRetryMs, retryBaseMs * 2 ** tries);
  return mostMs / 2 + (random() * mostMs) / 2;
}

/** Takes starts that came to nothing off the pool's count. */
export async function giveUpStarts(
  failures: readonly { task: Task; reason: string }[],
  run: LeasedRun,
): Promise<void> {
  for (const { task, reason } of failures) {
    const nowMs = run.deps.now();
    const seen = taskOf(await run.deps.table.get(taskKey(task.startId)));
    // An event was faster: there is a task after all.
    if (seen === undefined || isOver(seen) || seen.taskId !== undefined) continue;
    const failed = countedTask(failedTask(seen, reason, nowMs));
    run.noteFailure(nowMs);
    const { managed, starts } = run.state;
    await run.commit([putTask(failed, seen)], {
      managed: managed - 1,
      starts: starts.filter((id) => id !== task.startId),
    });
  }
}
