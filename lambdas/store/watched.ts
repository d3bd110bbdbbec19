import type { Item } from './attributes.ts';
import type { Condition } from './conditions.ts';
import type { Reading } from './get-many.ts';
import { watchIndex } from './keys.ts';
import type { Table } from './table.ts';

/** DynamoDB reads at most so many items in one BatchGetItem. */
const batchSize = 100;

/**
 * The keys under one key of the `watch` index, by `watchAt`.
 * @param most no more than these; `more` says whether there were, and `next` where they go on
 * @param after `next` of those before
 */
export async function watched(
  table: Table,
  watchKey: string,
  most: number,
  range?: Condition,
  after?: Item,
): Promise<{ items: Item[]; more: boolean; next?: Item }> {
  const items: Item[] = [];
  let from = after;
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
  return { items, more: from !== undefined, ...(from && { next: from }) };
}

/** The items themselves, read from the table: the index only says where to look. */
export async function readAll(table: Table, pks: readonly string[], reading?: Reading): Promise<Item[]> {
  const batches: Promise<Item[]>[] = [];
  for (let i = 0; i < pks.length; i += batchSize)
    batches.push(table.getMany(pks.slice(i, i + batchSize), reading));
  return (await Promise.all(batches)).flat();
}
