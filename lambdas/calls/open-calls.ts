import type { Item } from '../adapters/attributes.ts';
import { callOf } from '../adapters/call-writes.ts';
import { below, type Condition } from '../adapters/conditions.ts';
import type { Table } from '../adapters/table.ts';
import type { Call } from '../core/items.ts';
import { callsWatchKey, watchIndex } from '../core/keys.ts';

/** DynamoDB reads at most so many items in one BatchGetItem. */
const batchSize = 100;

/**
 * The keys under one key of the `watch` index, by `watchAt`.
 * @param most no more than these; `more` says whether there were
 */
export async function watched(
  table: Table,
  watchKey: string,
  most: number,
  range?: Condition,
): Promise<{ items: Item[]; more: boolean }> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const page = await table.query({
      index: watchIndex,
      key: ['watchKey', watchKey],
      ...(range && { range }),
      limit: most - items.length,
      from,
    });
    items.push(...page.items);
    from = page.next;
  } while (from !== undefined && items.length < most);
  return { items, more: from !== undefined };
}

/**
 * The open calls of an edge, read from the table itself: the index only says where to look.
 * @param dueBefore only those whose `watchAt` is before it, epoch milliseconds
 */
export async function openCallsOf(
  table: Table,
  edgeId: string,
  most: number,
  nowMs: number,
  dueBefore?: number,
): Promise<{ calls: Call[]; more: boolean }> {
  const range = dueBefore === undefined ? undefined : below('watchAt', dueBefore);
  const { items, more } = await watched(table, callsWatchKey(edgeId), most, range);
  const calls: Call[] = [];
  for (let i = 0; i < items.length; i += batchSize) {
    const read = await table.getMany(items.slice(i, i + batchSize).map((one) => String(one.pk)));
    calls.push(...read.flatMap((item) => callOf(item, nowMs) ?? []));
  }
  return { calls: calls.filter((call) => call.state !== 'ended'), more };
}
