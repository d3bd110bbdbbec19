import type { Call } from '../../domain/call/call.ts';
import type { Item } from '../../store/attributes.ts';
import { below } from '../../store/conditions.ts';
import { callOf } from '../../store/items/call-item.ts';
import { callsWatchKey } from '../../store/keys.ts';
import type { Table } from '../../store/table.ts';
import { readAll, watched } from '../../store/watched.ts';

/**
 * The open calls of an edge that have a gateway, read from the table itself: the index only says where to look.
 * @param dueBefore only those whose `watchAt` is before it, epoch milliseconds
 * @param after `next` of the page before
 */
export async function openCallsOf(
  table: Table,
  edgeId: string,
  most: number,
  nowMs: number,
  dueBefore?: number,
  after?: Item,
): Promise<{ calls: Call[]; more: boolean; next?: Item }> {
  const range = dueBefore === undefined ? undefined : below('watchAt', dueBefore);
  const { items, ...rest } = await watched(table, callsWatchKey(edgeId), most, range, after);
  const read = await readAll(
    table,
    items.map(({ pk }) => String(pk)),
  );
  const calls = table.readable(read, (item) => callOf(item, nowMs) ?? []).flat();
  return { calls: calls.filter((call) => call.state !== 'ended'), ...rest };
}
