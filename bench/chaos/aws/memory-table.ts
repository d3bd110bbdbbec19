import type { Item } from '../../../lambdas/store/attributes.ts';
import type { Condition } from '../../../lambdas/store/conditions.ts';
import { readEach } from '../../../lambdas/store/items/read-item.ts';
import { callsIndex, freeIndex, gatewaysIndex, watchIndex } from '../../../lambdas/store/keys.ts';
import type { Page, QueryInput, Table, Transacted, Written } from '../../../lambdas/store/table.ts';
import type { Failure, Update, Write } from '../../../lambdas/store/transaction.ts';
import type { Mutation } from '../mutations.ts';
import { testOf } from './condition.ts';

/*
 * The table in memory, so that a day takes milliseconds: conditions, transactions and indexes as DynamoDB has them, as
 * far as this project uses them. test/bench/memory-table.test.ts compares it with the real engine.
 */

interface Index {
  key: string;
  sort?: string;
  shows: readonly string[];
}

const keysOnly: readonly string[] = [];
const indexes: Readonly<Record<string, Index>> = {
  [freeIndex]: {
    key: 'freeShard',
    sort: 'availableAt',
    shows: ['username', 'contact', 'received', 'registrationId', 'taskId', 'edgeId'],
  },
  [watchIndex]: { key: 'watchKey', sort: 'watchAt', shows: keysOnly },
  [callsIndex]: { key: 'callId', shows: keysOnly },
  [gatewaysIndex]: { key: 'gateway', sort: 'offeredAt', shows: keysOnly },
};

export interface MemoryTableOptions {
  /** Lets the indexes show a write later. Default: at once. */
  later?: (show: () => void) => void;
  /** What is left out, to show that it is needed. Default: nothing. */
  mutation?: Mutation | undefined;
}

export class MemoryTable implements Table {
  readonly items = new Map<string, Item>();
  /** What each index shows by now: `pk` to the item as it was when the index took it. */
  readonly #shown = new Map<string, Item>();
  readonly #later: (show: () => void) => void;
  readonly #mutation: Mutation | undefined;
  /** Rises with each write of an item, so that an index never goes back. */
  readonly #versions = new Map<string, number>();

  constructor({ later = (show) => show(), mutation }: MemoryTableOptions = {}) {
    this.#later = later;
    this.#mutation = mutation;
  }

  async get(pk: string): Promise<Item | undefined> {
    return copyOf(this.items.get(pk));
  }

  async getMany(pks: readonly string[]): Promise<Item[]> {
    const found = [...new Set(pks)].map((pk) => copyOf(this.items.get(pk)));
    return found.filter((item) => item !== undefined);
  }

  async write(write: Exclude<Write, { check: string }>): Promise<Written> {
    const seen = this.items.get(keyOf(write));
    if (!this.#holds(write, seen)) return { done: false, seen: copyOf(seen) };
    const item = this.#apply(write);
    if ('put' in write) return { done: true, item: undefined };
    return { done: true, item: copyOf('update' in write ? item : seen) };
  }

  async updateEach(updates: readonly Update[]) {
    // A statement of PartiQL makes no item.
    return Promise.all(
      updates.map(async (one) => this.items.has(one.update) && (await this.write(one)).done),
    );
  }

  async transact(writes: readonly Write[]): Promise<Transacted> {
    const failures = writes.map((write): Failure | undefined => {
      const seen = this.items.get(keyOf(write));
      return this.#holds(write, seen) ? undefined : { seen: copyOf(seen) };
    });
    if (failures.some(Boolean)) return { done: false, failures };
    for (const write of writes) if (!('check' in write)) this.#apply(write);
    return { done: true };
  }

  async query({ index: name, key, range, newestFirst, limit, from }: QueryInput): Promise<Page> {
    const index = indexes[name] as Index;
    const test = testOf(range);
    const order = (one: Item, other: Item) => byKey(one, other, index) * (newestFirst ? -1 : 1);
    const found = [...this.#shown.values()]
      .filter((item) => item[key[0]] === key[1] && isIn(item, index) && test(item))
      .filter((item) => from === undefined || order(item, from) > 0)
      .sort(order);
    const items = found.slice(0, limit).map((item) => projected(item, index));
    return { items, ...(found.length > limit && { next: items.at(-1) as Item }) };
  }

  async count(input: QueryInput, filter?: Condition) {
    const { items, next } = await this.query(input);
    const test = testOf(filter);
    return { count: items.filter(test).length, scanned: items.length, more: next !== undefined };
  }

  async scan(filter: Condition): Promise<Page> {
    const test = testOf(filter);
    return { items: [...this.items.values()].filter(test).map((item) => structuredClone(item)) };
  }

  readable<T>(items: readonly Item[], read: (item: Item) => T): T[] {
    return readEach(items, read, (error) => {
      throw error;
    });
  }

  #holds(write: Write, seen: Item | undefined): boolean {
    return this.#mutation?.isUnchecked?.(write) || testOf(write.when)(seen ?? {});
  }

  #apply(write: Exclude<Write, { check: string }>): Item | undefined {
    const pk = keyOf(write);
    if (this.#mutation?.isDropped?.(write)) return this.items.get(pk);
    const item = after(write, this.items.get(pk));
    if (item === undefined) this.items.delete(pk);
    else this.items.set(pk, item);
    const version = (this.#versions.get(pk) ?? 0) + 1;
    this.#versions.set(pk, version);
    this.#later(() => {
      // DynamoDB keeps the order of an item's writes in its indexes.
      if (this.#versions.get(pk) !== version) return;
      if (item === undefined) this.#shown.delete(pk);
      else this.#shown.set(pk, item);
    });
    return item;
  }
}

function keyOf(write: Write): string {
  if ('put' in write) return write.put.pk;
  if ('update' in write) return write.update;
  return 'delete' in write ? write.delete : write.check;
}

/** @returns the item after the write; undefined: there is none */
function after(write: Exclude<Write, { check: string }>, seen: Item | undefined): Item | undefined {
  if ('delete' in write) return undefined;
  if ('put' in write) return withoutUndefined(structuredClone(write.put));
  const item: Item = { pk: write.update, ...seen, ...structuredClone(write.set) };
  for (const name of write.remove ?? []) delete item[name];
  for (const [name, more] of Object.entries(write.add ?? {})) item[name] = Number(item[name] ?? 0) + more;
  return withoutUndefined(item);
}

function withoutUndefined(item: Item): Item {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
}

function copyOf(item: Item | undefined): Item | undefined {
  return item && structuredClone(item);
}

function isIn(item: Item, { key, sort }: Index): boolean {
  return item[key] !== undefined && (sort === undefined || item[sort] !== undefined);
}

function projected(item: Item, { key, sort, shows }: Index): Item {
  const names = ['pk', key, ...(sort === undefined ? [] : [sort]), ...shows];
  return structuredClone(
    Object.fromEntries(names.flatMap((name) => (name in item ? [[name, item[name]]] : []))),
  );
}

function byKey(one: Item, other: Item, { sort }: Index): number {
  const order = sort === undefined ? 0 : Number(one[sort]) - Number(other[sort]);
  const [a, b] = [String(one.pk), String(other.pk)];
  return order || (a < b ? -1 : Number(a > b));
}
