import * as z from 'zod';
import { noOrders } from '../../domain/fleet/orders.ts';
import type { PoolOrders } from '../../domain/fleet/types.ts';
import { expiryAfter } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import { equals, missing } from '../conditions.ts';
import { ordersKey } from '../keys.ts';
import type { Write } from '../transaction.ts';
import { itemReader, itemVersion } from './read-item.ts';

/* The one item with what operators have ordered of the pool. */

/** Kept for as long after the last change: a pause lasts until somebody ends it. */
const keptSec = 10 * 365 * 24 * 3600;

const given = { who: z.string(), at: z.number(), reason: z.string() };

const read = itemReader(
  z.object({
    version: z.number(),
    paused: z.object(given).exactOptional(),
    override: z
      .object({
        ...given,
        minFree: z.number().exactOptional(),
        maximum: z.number().exactOptional(),
        until: z.number(),
      })
      .exactOptional(),
    reservations: z.array(
      z.object({ ...given, id: z.string(), gateways: z.number(), from: z.number(), to: z.number() }),
    ),
  }),
);

export interface KeptOrders {
  orders: PoolOrders;
  /** Rises with each write; 0 where there never was one. */
  version: number;
}

/** @throws UnreadableItem */
export function ordersOf(item: Item | undefined): KeptOrders {
  if (item === undefined) return { orders: noOrders, version: 0 };
  const { version, ...orders } = read(item);
  return { orders, version };
}

/** Writes them, if nobody else did since they were read. */
export function putOrders(orders: PoolOrders, seen: KeptOrders, nowMs: number) {
  return {
    put: {
      pk: ordersKey,
      v: itemVersion,
      ...orders,
      version: seen.version + 1,
      expiresAt: expiryAfter(nowMs, keptSec),
    },
    when: seen.version === 0 ? missing('pk') : equals('version', seen.version),
  } satisfies Write;
}
