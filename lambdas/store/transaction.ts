import type { TransactionCanceledException, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { TableUnavailable } from '../domain/errors.ts';
import { fromAttributes, type Item, toAttributes } from './attributes.ts';
import { type Condition, expression } from './conditions.ts';
import { isUnavailableReason } from './table-errors.ts';

export interface Update {
  update: string;
  set?: Item;
  remove?: readonly string[];
  /** Added to what there is; to 0 where there is nothing. */
  add?: Readonly<Record<string, number>>;
  when?: Condition;
}

/** One write, alone or as a part of a transaction. */
export type Write =
  | { put: Item & { pk: string }; when?: Condition }
  | Update
  | { delete: string; when: Condition }
  | { check: string; when: Condition };

/** A condition that did not hold, with the item as it is (none: there is no item). */
export interface Refused {
  done: false;
  seen: Item | undefined;
}
/** For each write of a transaction that was refused why, or undefined where it was not the one to blame. */
export type Failure = 'conflict' | { seen: Item | undefined };

/** Whether the write's condition did not hold, and not another transaction was in the way. */
export function isRefused(failure: Failure | undefined): failure is Exclude<Failure, 'conflict'> {
  return failure !== undefined && failure !== 'conflict';
}

/** A write as DynamoDB takes it; a refused one then shows the item that was in the way. */
export function transactItem(TableName: string, write: Write): TransactWriteItem {
  const e = expression();
  const ConditionExpression = write.when?.(e) as string;
  const rest = { TableName, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  if ('put' in write) {
    return {
      Put: {
        ...rest,
        Item: toAttributes(write.put),
        ...(ConditionExpression && { ConditionExpression }),
        ...e.attributes(),
      },
    };
  }
  if ('delete' in write) {
    return {
      Delete: { ...rest, Key: toAttributes({ pk: write.delete }), ConditionExpression, ...e.attributes() },
    };
  }
  if ('check' in write) {
    return {
      ConditionCheck: {
        ...rest,
        Key: toAttributes({ pk: write.check }),
        ConditionExpression,
        ...e.attributes(),
      },
    };
  }
  const set = Object.entries(write.set ?? {}).map(([name, value]) => `${e.name(name)} = ${e.value(value)}`);
  const remove = (write.remove ?? []).map((name) => e.name(name));
  const add = Object.entries(write.add ?? {}).map(([name, value]) => `${e.name(name)} ${e.value(value)}`);
  const UpdateExpression = [
    ...(set.length > 0 ? [`SET ${set.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
    ...(add.length > 0 ? [`ADD ${add.join(', ')}`] : []),
  ].join(' ');
  return {
    Update: {
      ...rest,
      Key: toAttributes({ pk: write.update }),
      UpdateExpression,
      ...(ConditionExpression && { ConditionExpression }),
      ...e.attributes(),
    },
  };
}

/** Why a transaction was cancelled, for each of its writes. @throws what no condition explains */
export function failuresOf(error: TransactionCanceledException): (Failure | undefined)[] {
  return (error.CancellationReasons ?? []).map(({ Code, Item, Message }) => {
    if (Code === 'TransactionConflict') return 'conflict';
    if (Code === 'ConditionalCheckFailed') return { seen: Item && fromAttributes(Item) };
    if (isUnavailableReason(Code)) throw new TableUnavailable(`${Code}: ${Message}`, { cause: error });
    if (Code !== undefined && Code !== 'None') throw error;
    return undefined;
  });
}
