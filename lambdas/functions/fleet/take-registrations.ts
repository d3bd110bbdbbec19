import type { FactOf } from '../../../contracts/facts.ts';
import { parseGatewayName, taskIdOf } from '../../../contracts/gateway-name.ts';
import { registrationTold } from '../../domain/fleet/task.ts';
import { fleetPoolOf } from '../../store/items/pool-item.ts';
import { taskFrom } from '../../store/items/task-item.ts';
import { poolKey, taskKey } from '../../store/keys.ts';
import { changeTask } from '../../store/task-writes.ts';
import { readAll } from '../../store/watched.ts';
import type { FleetDeps } from './deps.ts';

/**
 * Takes down which gateways of ours have registered. The next look would see them by their locations; one that takes a
 * call at once may be gone by then, and its start would count as failed.
 * @throws TableUnavailable, TableContention
 */
export async function takeRegistrations(
  facts: readonly FactOf<'gateway.registered'>[],
  { table, gatewayName }: FleetDeps,
): Promise<void> {
  const toldAt = new Map<string, number>();
  for (const { username, at } of facts) {
    const name = parseGatewayName(username, gatewayName);
    const taskId = name && taskIdOf(name);
    if (taskId !== undefined) toldAt.set(taskId, at);
  }
  if (toldAt.size === 0) return;
  const { starts = [] } = fleetPoolOf(await table.get(poolKey));
  const tasks = table.readable(await readAll(table, starts.map(taskKey)), taskFrom);
  for (const task of tasks) {
    const at = task.taskId === undefined ? undefined : toldAt.get(task.taskId);
    if (at === undefined) continue;
    await changeTask(table, task, (seen) =>
      seen.registeredAt !== undefined || seen.state === 'failed' ? seen : registrationTold(seen, at),
    );
  }
}
