/* Keys of the table and of its two indexes (docs/architecture.md). */

export const gatewayKeyPrefix = 'GW#';
export const callKeyPrefix = 'CALL#';

/** The index of gateways that can be given, and of those whose lock will lapse. */
export const freeIndex = 'free';
/** The index of what somebody must look at again: open calls, edges, draining gateways. */
export const watchIndex = 'watch';

export const edgesWatchKey = 'edges';
export const drainingWatchKey = 'draining';
/** The queue of calls that wait for a gateway: `watchAt` is when each began to wait. */
export const waitingWatchKey = 'waiting';

/** The one item about the pool that calls read where no gateway is free. */
export const poolKey = 'POOL';

/** `watchAt` of what waits for no time: an answered call lasts as long as it lasts. 9999-12-31. */
export const neverAt = 253_402_300_799_999;

export function gatewayKey(username: string): string {
  return `${gatewayKeyPrefix}${username}`;
}

export function callKey(callId: string): string {
  return `${callKeyPrefix}${callId}`;
}

export function tombstoneKey(username: string, registrationId: string): string {
  return `ENDED#${username}#${registrationId}`;
}

export function edgeKey(edgeId: string): string {
  return `EDGE#${edgeId}`;
}

export function callsWatchKey(edgeId: string): string {
  return `calls#${edgeId}`;
}

/** @returns the partitions of the `free` index, in order. */
export function freeShardNames(shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => `free#${shard}`);
}

/**
 * The partition of the `free` index that a gateway belongs to: always the same one, so that any writer of the
 * gateway puts it back where it was.
 * @param shards number of partitions, 1 or more
 */
export function freeShardOf(username: string, shards: number): string {
  return `free#${fnv1a(username) % shards}`;
}

/** FNV-1a, 32 bit: spreads well, needs no library, and is the same wherever it runs. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
