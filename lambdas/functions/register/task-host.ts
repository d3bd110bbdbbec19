import type { RegisterGateway, UnregisterGateway } from '../../../contracts/commands.ts';
import { parseGatewayName, taskIdOf } from '../../../contracts/gateway-name.ts';
import { addressesOf } from '../../store/items/task-host-item.ts';
import { taskHostKey } from '../../store/keys.ts';
import type { Table } from '../../store/table.ts';

/**
 * Says whether a gateway may register, or leave, from where a command came. All gateways share one secret, so that each
 * could take or remove another's name; one that ECS runs may speak for itself from its task's own address alone.
 * @returns true also where ECS has told no address: the gateway is none of ours, or has its host's network
 * @throws TableUnavailable, UnreadableItem
 */
export async function mayComeFrom(
  { username, received }: RegisterGateway | UnregisterGateway,
  { table, gatewayName }: { table: Table; gatewayName: string },
): Promise<boolean> {
  const name = parseGatewayName(username, gatewayName);
  const taskId = name && taskIdOf(name);
  if (taskId === undefined) return true;
  return addressesOf(await table.get(taskHostKey(taskId)))?.has(received.address) ?? true;
}
