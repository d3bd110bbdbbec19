import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { TableUnavailable } from '../domain/errors.ts';
import { fromAttributes, type Item, toAttributes } from './attributes.ts';
import { expression } from './conditions.ts';

const maxTries = 5;
const pauseMs = 20;

/** How items are read. */
export interface Reading {
  /** For lists of an index, which is late itself: as they were a moment ago, for half the read units. */
  late?: boolean;
  /** These attributes alone, beside the key: the read units are the same, the work is not. */
  only?: readonly string[];
}

/** @param pks at most 100, as BatchGetItem takes them */
export async function getMany(
  client: DynamoDBClient,
  tableName: string,
  pks: readonly string[],
  pause: (ms: number) => Promise<void>,
  { late = false, only }: Reading = {},
): Promise<Item[]> {
  const e = expression();
  const names = only && ['pk', ...only].map((name) => e.name(name)).join(', ');
  const asked = {
    ConsistentRead: !late,
    ...(names !== undefined && { ProjectionExpression: names }),
    ...e.attributes(),
  };
  const found: Item[] = [];
  let keys = pks.map((pk) => toAttributes({ pk }));
  // DynamoDB may answer a part and leave the rest to be asked again, with a pause.
  for (let tries = 1; keys.length > 0; tries += 1) {
    if (tries > maxTries) throw new TableUnavailable('the table keeps leaving keys unread');
    if (tries > 1) await pause(pauseMs * tries);
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [tableName]: { ...asked, Keys: keys } } }),
    );
    found.push(...(Responses?.[tableName] ?? []).map(fromAttributes));
    keys = UnprocessedKeys?.[tableName]?.Keys ?? [];
  }
  return found;
}
