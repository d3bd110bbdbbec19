import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { TableContention, type UnreadableItem } from '../domain/errors.ts';
import { type AttributeMap, fromAttributes, type Item, toAttributes } from './attributes.ts';
import { allOf, type Condition, equals, expression } from './conditions.ts';
import { getMany, type Reading } from './get-many.ts';
import { readEach } from './items/read-item.ts';
import { tableError } from './table-errors.ts';
import {
  type Failure,
  failuresOf,
  type Refused,
  transactItem,
  type Update,
  type Write,
} from './transaction.ts';
import { updateEach } from './update-each.ts';

/** `item`: as an update leaves it, or as a delete found it. */
export type Written = { done: true; item: Item | undefined } | Refused;

export type Transacted = { done: true } | { done: false; failures: readonly (Failure | undefined)[] };

export interface Page {
  items: Item[];
  /** Give it back to read on; none after the last page. */
  next?: Item;
}

export interface QueryInput {
  index: string;
  key: [attribute: string, value: string];
  /** Condition on the index's sort key. */
  range?: Condition;
  newestFirst?: boolean;
  limit: number;
  from?: Item | undefined;
}

export interface Counted {
  /** Entries that the filter lets pass. */
  count: number;
  /** Entries looked at. */
  scanned: number;
  /** There were more than the limit. */
  more: boolean;
}

/** The table, in terms of this project: every expression built from named parts, every error typed. */
export interface Table {
  get(pk: string): Promise<Item | undefined>;
  /** @param pks at most 100 */
  getMany(pks: readonly string[], reading?: Reading): Promise<Item[]>;
  write(write: Exclude<Write, { check: string }>): Promise<Written>;
  /**
   * Writes each for itself, in one request: for what nobody has to see afterwards.
   * @param updates at most 25
   * @returns for each whether it was done; else it is worth another try, alone
   */
  updateEach(updates: readonly Update[]): Promise<boolean[]>;
  transact(writes: readonly Write[]): Promise<Transacted>;
  query(input: QueryInput): Promise<Page>;
  /** Counts without reading the entries out. @param filter on attributes that the index shows */
  count(input: QueryInput, filter?: Condition): Promise<Counted>;
  scan(filter: Condition, from?: Item): Promise<Page>;
  /** Reads a list, without those that cannot be read: one such item must not hide the others. */
  readable<T>(items: readonly Item[], read: (item: Item) => T): T[];
}

export interface TableOptions {
  /** Waits between tries, passed in so that a test need not wait. */
  pause?: (ms: number) => Promise<void>;
  /** Told of each item that a list leaves out because it cannot be read. */
  unreadable?: (error: UnreadableItem) => void;
}

/** A lone write in the way of a transaction is tried again this often. */
const conflictTries = 5;
const conflictPauseMs = 20;

/**
 * @param client for the table's region; its credentials, retries and time limits are the caller's
 * @throws (from each method) `TableUnavailable` where the table is throttled, failing or out of reach
 */
export function openTable(
  client: DynamoDBClient,
  tableName: string,
  { pause = wait, unreadable = warnOf }: TableOptions = {},
): Table {
  const TableName = tableName;
  return {
    get: (pk) =>
      typed(async () => {
        const { Item } = await client.send(
          new GetItemCommand({ TableName, Key: toAttributes({ pk }), ConsistentRead: true }),
        );
        return Item && fromAttributes(Item);
      }),
    getMany: (pks, reading) => typed(() => getMany(client, tableName, pks, pause, reading)),
    write: (write) => typed(() => writeOne(client, tableName, write, pause)),
    updateEach: (updates) => typed(() => updateEach(client, tableName, updates)),
    transact: (writes) =>
      typed(async () => {
        try {
          await client.send(
            new TransactWriteItemsCommand({
              TransactItems: writes.map((write) => transactItem(tableName, write)),
            }),
          );
          return { done: true };
        } catch (error) {
          if (!(error instanceof TransactionCanceledException)) throw error;
          return { done: false, failures: failuresOf(error) };
        }
      }),
    query: (input) =>
      typed(async () => {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new QueryCommand({ TableName, ...queryOf(input) }),
        );
        return pageOf(Items, LastEvaluatedKey);
      }),
    count: (input, filter) =>
      typed(async () => {
        const total = { count: 0, scanned: 0 };
        let from = input.from;
        // A page ends at 1 MB, whatever the limit.
        do {
          const page = { ...input, from, limit: input.limit - total.scanned };
          const { Count, ScannedCount, LastEvaluatedKey } = await client.send(
            new QueryCommand({ TableName, ...queryOf(page, filter), Select: 'COUNT' }),
          );
          total.count += Count ?? 0;
          total.scanned += ScannedCount ?? 0;
          from = LastEvaluatedKey && fromAttributes(LastEvaluatedKey);
        } while (from !== undefined && total.scanned < input.limit);
        return { ...total, more: from !== undefined };
      }),
    scan: (filter, from) =>
      typed(async () => {
        const e = expression();
        const { Items = [], LastEvaluatedKey } = await client.send(
          new ScanCommand({
            TableName,
            FilterExpression: filter(e),
            ...e.attributes(),
            ExclusiveStartKey: from && toAttributes(from),
          }),
        );
        return pageOf(Items, LastEvaluatedKey);
      }),
    readable: (items, read) => readEach(items, read, unreadable),
  };
}

function queryOf(input: QueryInput, filter?: Condition): Omit<QueryCommandInput, 'TableName'> {
  const e = expression();
  const parts: [Condition, ...Condition[]] = [equals(...input.key)];
  if (input.range) parts.push(input.range);
  return {
    IndexName: input.index,
    KeyConditionExpression: allOf(...parts)(e),
    ...(filter && { FilterExpression: filter(e) }),
    ...e.attributes(),
    ScanIndexForward: !input.newestFirst,
    Limit: input.limit,
    ExclusiveStartKey: input.from && toAttributes(input.from),
  };
}

function pageOf(items: readonly AttributeMap[], last: AttributeMap | undefined): Page {
  return { items: items.map(fromAttributes), ...(last && { next: fromAttributes(last) }) };
}

async function typed<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw tableError(error);
  }
}

async function writeOne(
  client: DynamoDBClient,
  tableName: string,
  write: Exclude<Write, { check: string }>,
  pause: (ms: number) => Promise<void>,
): Promise<Written> {
  for (let tries = 1; ; tries += 1) {
    try {
      return { done: true, item: await sendOne(client, tableName, write) };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        return { done: false, seen: error.Item && fromAttributes(error.Item) };
      }
      if (!(error instanceof TransactionConflictException)) throw error;
      if (tries === conflictTries)
        throw new TableContention('a transaction stays in the way', { cause: error });
      await pause(conflictPauseMs * tries);
    }
  }
}

async function sendOne(
  client: DynamoDBClient,
  tableName: string,
  write: Exclude<Write, { check: string }>,
): Promise<Item | undefined> {
  const { Put, Update, Delete } = transactItem(tableName, write);
  if (Put) await client.send(new PutItemCommand(Put));
  if (Delete) {
    const { Attributes } = await client.send(new DeleteItemCommand({ ...Delete, ReturnValues: 'ALL_OLD' }));
    return Attributes && fromAttributes(Attributes);
  }
  if (!Update) return undefined;
  const { Attributes } = await client.send(new UpdateItemCommand({ ...Update, ReturnValues: 'ALL_NEW' }));
  return Attributes && fromAttributes(Attributes);
}

function warnOf({ key, message }: UnreadableItem): void {
  console.warn(JSON.stringify({ level: 'WARN', message: 'an item cannot be read', key, error: message }));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
