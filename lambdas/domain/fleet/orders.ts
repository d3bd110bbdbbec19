import type { Need, PoolCounts, PoolOrders } from './types.ts';

/* What operators have ordered of the pool: it goes before the policy, and each of it ends by itself or by another word. */

export const noOrders: PoolOrders = { reservations: [] };

/** @returns what of the orders has not run out */
export function standing({ paused, override, reservations }: PoolOrders, nowMs: number): PoolOrders {
  return {
    ...(paused && { paused }),
    ...(override && override.until > nowMs && { override }),
    reservations: reservations.filter(({ to }) => to > nowMs),
  };
}

/**
 * A reservation counts from its time on, less what a start takes.
 * @param startMs how long a start takes
 * @returns how many gateways are reserved now: the largest of what overlaps, since each says how many there are to be
 */
export function reservedAt({ reservations }: PoolOrders, nowMs: number, startMs: number): number {
  const now = reservations.filter(({ from, to }) => from - startMs <= nowMs && nowMs < to);
  return Math.max(0, ...now.map(({ gateways }) => gateways));
}

/** The most gateways that there may be. @param byPolicy what the policy allows */
export function maximumOf(orders: PoolOrders, byPolicy: number): number {
  return orders.override?.maximum ?? byPolicy;
}

/** What is wanted once orders are heard: they raise what the policy keeps free, and set the maximum. */
export function ordered(need: Need, orders: PoolOrders, counts: PoolCounts, reserved: number): Need {
  const inCalls = counts.locked + counts.busy;
  const least = Math.max(orders.override?.minFree ?? 0, reserved - inCalls);
  return {
    ...need,
    level: Math.max(need.level, least),
    keep: Math.max(need.keep, least),
    max: maximumOf(orders, need.max),
  };
}
