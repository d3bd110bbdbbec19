import { afterEcs, type EcsTask } from '../../domain/fleet/task.ts';
import { taskHostItem } from '../../store/items/task-host-item.ts';
import { taskOf } from '../../store/items/task-item.ts';
import { taskKey } from '../../store/keys.ts';
import { changeTask } from '../../store/task-writes.ts';
import { loseGateway } from '../../usecases/lose-gateway.ts';
import { type FleetDeps, usernameOf } from './deps.ts';

/**
 * Takes down what ECS says of a task. One that has stopped takes its gateway's location with it, and the call that the
 * gateway served. Needs no lease: it may come twice, late, and beside a run.
 * Where it runs is kept, since its gateway may register from there alone.
 * @throws TableUnavailable, TableContention, TaskNotStopped
 */
export async function takeTaskEvent(seen: EcsTask, deps: FleetDeps): Promise<void> {
  const { table, now } = deps;
  const stopped = seen.lastStatus === 'STOPPED';
  if (!stopped && seen.addresses !== undefined)
    await table.write({ put: taskHostItem(seen.taskId, seen.addresses, now()) });
  if (seen.startId !== undefined) {
    const task = taskOf(await table.get(taskKey(seen.startId)));
    if (task?.state === 'failed' && !stopped) {
      // ECS took it after all, when it had been given up and counted off.
      await deps.stopTask(seen.taskId, 'its start was given up');
      return;
    }
    // A task without a record is found by the next reconciliation.
    if (task !== undefined) await changeTask(table, task, (record) => afterEcs(record, seen, now()));
  }
  if (!stopped) return;
  const cause = `its task has stopped: ${seen.stoppedReason ?? seen.stopCode ?? 'no reason given'}`;
  await loseGateway({ username: usernameOf(seen.taskId, deps), cause, at: seen.stoppedAt ?? now() }, deps);
}
