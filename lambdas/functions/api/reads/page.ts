import { isoOf } from '../../../../contracts/api/common.ts';
import type { Item } from '../../../store/attributes.ts';
import type { Reading } from '../../../store/get-many.ts';
import { type Entry, type Lane, newestFirst, type Place } from '../../../store/newest-first.ts';
import type { Table } from '../../../store/table.ts';
import { readAll } from '../../../store/watched.ts';
import { cursorOf, placeOfCursor } from '../cursor.ts';

/**
 * What a page may cost where a filter lets little pass: entries looked at, in all and at once. A key of the index costs
 * a fraction of what a record does.
 */
const ofRecords = { most: 200, atOnce: 100 };
const ofKeys = { most: 1500, atOnce: 1000 };

export interface PageInput<T> {
  lanes: readonly Lane[];
  limit: number;
  cursor: string | undefined;
  /** Which entries are read at all, by what the index shows. */
  may?: (entry: Entry) => boolean;
  /** Reads the items of entries, by their keys. As they stand, unless given. */
  load?: (pks: readonly string[]) => Promise<Map<string, Item>>;
  /** Reads one; undefined for what the page leaves out. */
  view: (item: Item) => T | undefined;
  /** Whether the lanes are by time, so that a page can say how far back it looked. */
  byTime: boolean;
}

export interface PageOf<T> {
  items: T[];
  next?: string;
  searchedUntil?: string;
}

/**
 * One page of a list: at most `limit` views, and a bounded number of entries looked at for them.
 * @throws TableUnavailable, ApiProblem for a cursor that is none
 */
export async function readPage<T>(table: Table, input: PageInput<T>): Promise<PageOf<T>> {
  const { lanes, limit, may = () => true, load = (pks) => itemsOf(table, pks), byTime } = input;
  const items: T[] = [];
  let place: Place | undefined = placeOfCursor(input.cursor);
  let lastAt: number | undefined;
  const bounds = input.may === undefined ? ofRecords : ofKeys;
  for (let read = 0; place !== undefined && read < bounds.most && items.length < limit; ) {
    const wanted = input.may === undefined && read === 0 ? limit : bounds.atOnce;
    const some = Math.min(wanted, bounds.most - read);
    const { entries, placeAfter } = await newestFirst(table, lanes, some, place);
    const found = await load(entries.filter(may).map(({ pk }) => pk));
    let looked = 0;
    for (const entry of entries) {
      if (items.length === limit) break;
      looked += 1;
      lastAt = entry.at;
      const item = found.get(entry.pk);
      const [view] = item === undefined ? [] : table.readable([item], input.view);
      if (view !== undefined) items.push(view);
    }
    read += entries.length;
    place = placeAfter(looked);
  }
  return {
    items,
    ...(place && { next: cursorOf(place) }),
    ...(place && byTime && items.length < limit && lastAt !== undefined && { searchedUntil: isoOf(lastAt) }),
  };
}

/** What a list shows may be a moment old, as the index is that it comes from. */
export async function itemsOf(
  table: Table,
  pks: readonly string[],
  reading: Reading = {},
): Promise<Map<string, Item>> {
  const items = await readAll(table, pks, { late: true, ...reading });
  return new Map(items.map((item) => [String(item.pk), item]));
}
