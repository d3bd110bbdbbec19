import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { TableContention, TableUnavailable } from '../core/errors.ts';
import { allOf, type Condition, equals, expression } from './conditions.ts';
import { isUnavailableReason, tableError } from './table-errors.ts';

export type Item = Record<string, unknown>;

/** One write, alone or as a part of a transaction. */
export type Write =
  | { put: Item & { pk: string }; when?: Condition }
  | { update: string; set?: Item; remove?: readonly string[]; when: Condition }
  | { delete: string; when: Condition }
  | { check: string; when: Condition };

/** A condition that did not hold, with the item as it is (none: there is no item). */
export interface Refused {
  done: false;
  seen: Item | undefined;
}
export type Written = { done: true; item: Item | undefined } | Refused;

/** For each write of a transaction that was refused why, or undefined where it was not the one to blame. */
export type Failure = 'conflict' | { seen: Item | undefined };
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

/** The table, in terms of this project: every expression built from named parts, every error typed. */
export interface Table {
  get(pk: string): Promise<Item | undefined>;
  /** @param pks at most 100 */
  getMany(pks: readonly string[]): Promise<Item[]>;
  write(write: Exclude<Write, { check: string }>): Promise<Written>;
  transact(writes: readonly Write[]): Promise<Transacted>;
  query(input: QueryInput): Promise<Page>;
  scan(filter: Condition, from?: Item): Promise<Page>;
}

/** A lone write in the way of a transaction is tried again this often. */
const conflictTries = 5;
const conflictPauseMs = 20;

/**
 * @param client for the table's region; its credentials, retries and time limits are the caller's
 * @param pause waits between tries, passed in so that a test need not wait
 * @throws (from each method) `TableUnavailable` where the table is throttled, failing or out of reach
 */
export function openTable(
  client: DynamoDBClient,
  tableName: string,
  pause: (ms: number) => Promise<void> = wait,
): Table {
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const TableName = tableName;
  return {
    get: (pk) =>
      typed(async () => {
        const { Item } = await documents.send(
          new GetCommand({ TableName, Key: { pk }, ConsistentRead: true }),
        );
        return Item;
      }),
    getMany: (pks) => typed(() => getMany(documents, tableName, pks, pause)),
    write: (write) => typed(() => writeOne(documents, tableName, write, pause)),
    transact: (writes) =>
      typed(async () => {
        try {
          await documents.send(
            new TransactWriteCommand({
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
        const e = expression();
        const parts: [Condition, ...Condition[]] = [equals(...input.key)];
        if (input.range) parts.push(input.range);
        const { Items = [], LastEvaluatedKey } = await documents.send(
          new QueryCommand({
            TableName,
            IndexName: input.index,
            KeyConditionExpression: allOf(...parts)(e),
            ...e.attributes(),
            ScanIndexForward: !input.newestFirst,
            Limit: input.limit,
            ExclusiveStartKey: input.from,
          }),
        );
        return { items: Items, ...(LastEvaluatedKey && { next: LastEvaluatedKey }) };
      }),
    scan: (filter, from) =>
      typed(async () => {
        const e = expression();
        const { Items = [], LastEvaluatedKey } = await documents.send(
          new ScanCommand({
            TableName,
            FilterExpression: filter(e),
            ...e.attributes(),
            ExclusiveStartKey: from,
          }),
        );
        return { items: Items, ...(LastEvaluatedKey && { next: LastEvaluatedKey }) };
      }),
  };
}

async function typed<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw tableError(error);
  }
}

async function writeOne(
  documents: DynamoDBDocumentClient,
  tableName: string,
  write: Exclude<Write, { check: string }>,
  pause: (ms: number) => Promise<void>,
): Promise<Written> {
  for (let tries = 1; ; tries += 1) {
    try {
      return { done: true, item: await sendOne(documents, tableName, write) };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        return { done: false, seen: error.Item && unmarshall(error.Item) };
      }
      if (!(error instanceof TransactionConflictException)) throw error;
      if (tries === conflictTries)
        throw new TableContention('a transaction stays in the way', { cause: error });
      await pause(conflictPauseMs * tries);
    }
  }
}

async function sendOne(
  documents: DynamoDBDocumentClient,
  tableName: string,
  write: Exclude<Write, { check: string }>,
): Promise<Item | undefined> {
  const { Put, Update, Delete } = transactItem(tableName, write);
  if (Put) await documents.send(new PutCommand(Put));
  if (Delete) await documents.send(new DeleteCommand(Delete));
  if (!Update) return undefined;
  const { Attributes } = await documents.send(new UpdateCommand({ ...Update, ReturnValues: 'ALL_NEW' }));
  return Attributes;
}

type TransactItem = NonNullable<
  ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems']
>[number];

function transactItem(TableName: string, write: Write): TransactItem {
  const e = expression();
  const ConditionExpression = write.when?.(e);
  const rest = { TableName, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  if ('put' in write) {
    return {
      Put: {
        ...rest,
        Item: write.put,
        ...(ConditionExpression && { ConditionExpression }),
        ...e.attributes(),
      },
    };
  }
  if ('delete' in write) {
    return { Delete: { ...rest, Key: { pk: write.delete }, ConditionExpression, ...e.attributes() } };
  }
  if ('check' in write) {
    return {
      ConditionCheck: {
        ...rest,
        Key: { pk: write.check },
        ConditionExpression,
        ...e.attributes(),
      },
    };
  }
  const set = Object.entries(write.set ?? {}).map(([name, value]) => `${e.name(name)} = ${e.value(value)}`);
  const remove = (write.remove ?? []).map((name) => e.name(name));
  const UpdateExpression = [
    ...(set.length > 0 ? [`SET ${set.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
  ].join(' ');
  return {
    Update: { ...rest, Key: { pk: write.update }, UpdateExpression, ConditionExpression, ...e.attributes() },
  };
}

function failuresOf(error: TransactionCanceledException): (Failure | undefined)[] {
  return (error.CancellationReasons ?? []).map(({ Code, Item, Message }) => {
    if (Code === 'TransactionConflict') return 'conflict';
    if (Code === 'ConditionalCheckFailed') return { seen: Item && unmarshall(Item) };
    if (isUnavailableReason(Code)) throw new TableUnavailable(`${Code}: ${Message}`, { cause: error });
    if (Code !== undefined && Code !== 'None') throw error;
    return undefined;
  });
}

async function getMany(
  documents: DynamoDBDocumentClient,
  tableName: string,
  pks: readonly string[],
  pause: (ms: number) => Promise<void>,
): Promise<Item[]> {
  const found: Item[] = [];
  let keys = pks.map((pk) => ({ pk }) as Item);
  // DynamoDB may answer a part and leave the rest to be asked again, with a pause.
  for (let tries = 1; keys.length > 0; tries += 1) {
    if (tries > conflictTries) throw new TableUnavailable('the table keeps leaving keys unread');
    if (tries > 1) await pause(conflictPauseMs * tries);
    const { Responses, UnprocessedKeys } = await documents.send(
      new BatchGetCommand({ RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } }),
    );
    found.push(...(Responses?.[tableName] ?? []));
    keys = UnprocessedKeys?.[tableName]?.Keys ?? [];
  }
  return found;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
