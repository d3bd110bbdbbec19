import { identityOf } from '../domain/call/call.ts';
import type { Gateway } from '../domain/gateway/gateway.ts';
import { hasLapsed } from '../domain/gateway/gateway-state.ts';
import type { Clock } from '../domain/time.ts';
import { endLock } from '../store/gateway-writes.ts';
import { callOf } from '../store/items/call-item.ts';
import { edgeOf } from '../store/items/edge-item.ts';
import { callKey, edgeKey, freeShardOf } from '../store/keys.ts';
import type { Table } from '../store/table.ts';

export interface LapsedLockDeps {
  table: Table;
  now: Clock;
  freeShards: number;
}

/**
 * Whether its lock is over without a word of an answer, and nobody can have it in a call. While the call is open and its edge
 * is known, silence proves nothing: the edge may be cut off as the call was answered, or its fact late. The sweep ends the
 * call then, and with it the lock.
 * @param gateway as read
 * @throws TableUnavailable
 */
export async function isAbandoned(
  gateway: Gateway | undefined,
  { table, now }: Pick<LapsedLockDeps, 'table' | 'now'>,
): Promise<boolean> {
  const nowMs = now();
  if (gateway?.lockedBy === undefined || !hasLapsed(gateway, nowMs)) return false;
  const call = callOf(await table.get(callKey(identityOf(gateway.lockedBy))), nowMs);
  if (call !== undefined && call.state !== 'ended' && call.gateway === gateway.username) {
    const edge = edgeOf(await table.get(edgeKey(call.edgeId)));
    // One without a lease was never known, or has been silent for so long that the sweep does not look at it any more.
    return edge === undefined || edge.leaseUntil === 0;
  }
  return true;
}

/**
 * Gives an abandoned gateway back.
 * @param gateway as read
 * @returns whether it is free now
 * @throws TableUnavailable
 */
export async function endLapsedLock(
  gateway: Gateway | undefined,
  { table, now, freeShards }: LapsedLockDeps,
): Promise<boolean> {
  if (gateway === undefined || !(await isAbandoned(gateway, { table, now }))) return false;
  return (await table.write(endLock(gateway, freeShardOf(gateway.username, freeShards), now()))).done;
}
