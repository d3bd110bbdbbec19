import * as z from 'zod';
import { expiryAfter } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import { taskHostKey } from '../keys.ts';
import { itemReader, itemVersion } from './read-item.ts';

/* Where the task of a gateway runs: from there alone it may register. */

/** As long as the record of its start. */
const keptSec = 30 * 24 * 3600;

const hostSchema = z
  .object({ addresses: z.set(z.string()) })
  .transform(({ addresses }): ReadonlySet<string> => addresses);

const hostFrom = itemReader(hostSchema);

/** @returns the addresses; none where ECS has not told any. @throws UnreadableItem */
export function addressesOf(item: Item | undefined): ReadonlySet<string> | undefined {
  return item && hostFrom(item);
}

export function taskHostItem(
  taskId: string,
  addresses: readonly string[],
  nowMs: number,
): Item & { pk: string } {
  return {
    pk: taskHostKey(taskId),
    v: itemVersion,
    addresses: new Set(addresses),
    expiresAt: expiryAfter(nowMs, keptSec),
  };
}
