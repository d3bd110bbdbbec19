import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { TableUnavailable } from '../domain/errors.ts';
import { fromAttributes, type Item, toAttributes } from './attributes.ts';

const maxTries = 5;
const pauseMs = 20;

/** @param pks at most 100, as BatchGetItem takes them */
export async function getMany(
  client: DynamoDBClient,
  tableName: string,
  pks: readonly string[],
  pause: (ms: number) => Promise<void>,
): Promise<Item[]> {
  const found: Item[] = [];
  let keys = pks.map((pk) => toAttributes({ pk }));
  // DynamoDB may answer a part and leave the rest to be asked again, with a pause.
  for (let tries = 1; keys.length > 0; tries += 1) {
    if (tries > maxTries) throw new TableUnavailable('the table keeps leaving keys unread');
    if (tries > 1) await pause(pauseMs * tries);
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } }),
    );
    found.push(...(Responses?.[tableName] ?? []).map(fromAttributes));
    keys = UnprocessedKeys?.[tableName]?.Keys ?? [];
  }
  return found;
}
