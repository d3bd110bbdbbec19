import { formatGatewayName } from '../../../contracts/gateway-name.ts';
import type { Task } from '../../domain/fleet/task.ts';
import type { FleetPolicy } from '../../domain/fleet/types.ts';
import type { Random } from '../../domain/time.ts';
import type { GatewayEcs } from '../../runtime/ecs-gateways.ts';
import type { SettleDeps } from '../../usecases/settle-call.ts';
import type { KnownDemand } from './known-demand.ts';

export interface FleetDeps extends SettleDeps {
  ecs: GatewayEcs;
  policy: FleetPolicy;
  knownDemand: KnownDemand;
  /** Middle and last part of the usernames of gateways; the first is the id of their task. */
  gatewayName: string;
  gatewayId: string;
  random: Random;
  /** @returns an id that nobody has used: 16 hex digits */
  newId: () => string;
  /** Told of each start that has registered. */
  registered: (task: Task) => void;
  warn: (message: string, details: Record<string, unknown>) => void;
}

/**
 * A run holds its lease for so long. More than the function may take (`fleetTimeoutSec`), so that the next run waits for
 * one that was killed. Each of its writes names the holder of the lease, and is refused once another holds it.
 */
export const fleetLeaseMs = 20_000;

/** The username that the gateway of a task registers by. */
export function usernameOf(taskId: string, { gatewayName, gatewayId }: FleetDeps): string {
  return formatGatewayName({ prefix: taskId, name: gatewayName, id: gatewayId });
}
