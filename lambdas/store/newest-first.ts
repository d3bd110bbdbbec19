import type { Item } from './attributes.ts';
import { between } from './conditions.ts';
import type { QueryInput, Table } from './table.ts';

/*
 * Lists for people, read out of an index page by page, each at a bounded cost. A list has one lane or several, merged
 * newest first: a lane is a key of the index, or the keys of several days, one after the other.
 */

export interface Lane {
  index: string;
  /** Names of the index's two attributes. */
  attributes: readonly [key: string, sort: string];
  /** Its keys, the newest first. */
  keys: readonly string[];
  /** Bounds of the sort attribute, both included; nothing is between them where from is greater than to. */
  from: number;
  to: number;
}

export interface Entry {
  pk: string;
  /** Its sort attribute. */
  at: number;
  /** As the index shows it. */
  item: Item;
}

/** How far a lane has been read: to this entry, to its end, or (undefined) not at all. */
type LanePlace = 'end' | readonly [key: string, pk: string, at: number];

/** How far a list has been read: by lane. It goes out as a cursor and comes back from outside. */
export type Place = readonly (LanePlace | null)[];

interface Read {
  entries: (Entry & { key: string })[];
  /** Nothing is left after them. */
  isAll: boolean;
}

/**
 * @param limit entries at most
 * @param place where the page before ended
 * @returns the next entries, newest first, and a function that says where to read on after so many of them
 * @throws TableUnavailable
 */
export async function newestFirst(
  table: Table,
  lanes: readonly Lane[],
  limit: number,
  place: Place = [],
): Promise<{ entries: Entry[]; placeAfter: (count: number) => Place | undefined }> {
  const reads = await Promise.all(
    lanes.map((lane, n) => readLane(table, lane, limit, place[n] ?? undefined)),
  );
  const merged = reads
    .flatMap(({ entries }, lane) => entries.map((entry, nth) => ({ entry, lane, nth })))
    // Of one moment: each lane in its own order, which is the index's.
    .sort((a, b) => b.entry.at - a.entry.at || a.lane - b.lane || a.nth - b.nth)
    .slice(0, limit);
  return {
    entries: merged.map(({ entry }) => entry),
    placeAfter: (count) => {
      const taken = merged.slice(0, count);
      const after = reads.map(({ entries, isAll }, lane): LanePlace | null => {
        const mine = taken.filter((one) => one.lane === lane);
        if (isAll && mine.length === entries.length) return 'end';
        const last = mine.at(-1)?.entry;
        return last === undefined ? (place[lane] ?? null) : [last.key, last.pk, last.at];
      });
      return after.every((one) => one === 'end') ? undefined : after;
    },
  };
}

async function readLane(
  table: Table,
  lane: Lane,
  limit: number,
  place: LanePlace | undefined,
): Promise<Read> {
  // DynamoDB refuses a BETWEEN whose bounds are the wrong way round.
  if (place === 'end' || lane.from > lane.to) return { entries: [], isAll: true };
  // A key that is none of the lane's any more is older than they are.
  const first = place === undefined ? 0 : lane.keys.indexOf(place[0]);
  if (first < 0) return { entries: [], isAll: true };
  const found: Read['entries'] = [];
  // Of a busy pool a day is enough, or two; most days of a quiet one are empty, so more and more are asked for at once.
  for (let at = first, width = 1; at < lane.keys.length; width *= 2) {
    const keys = lane.keys.slice(at, at + width);
    const pages = await Promise.all(
      keys.map((key, n) =>
        readKey(table, lane, key, limit - found.length, at === first && n === 0 ? place : undefined),
      ),
    );
    for (const { entries, isAll } of pages) {
      found.push(...entries);
      if (!isAll || found.length >= limit) return { entries: found, isAll: false };
    }
    at += keys.length;
  }
  return { entries: found, isAll: true };
}

async function readKey(
  table: Table,
  { index, attributes: [keyName, sortName], from, to }: Lane,
  key: string,
  limit: number,
  place: Exclude<LanePlace, 'end'> | undefined,
): Promise<Read> {
  const entries: Read['entries'] = [];
  let next: Item | undefined = place && { pk: place[1], [keyName]: key, [sortName]: place[2] };
  // A page ends at 1 MB, whatever the limit.
  do {
    const input: QueryInput = {
      index,
      key: [keyName, key],
      range: between(sortName, from, to),
      newestFirst: true,
      limit: limit - entries.length,
      from: next,
    };
    const page = await table.query(input);
    entries.push(
      ...page.items.map((item) => ({ pk: String(item.pk), at: Number(item[sortName]), item, key })),
    );
    next = page.next;
  } while (next !== undefined && entries.length < limit);
  return { entries, isAll: next === undefined };
}
