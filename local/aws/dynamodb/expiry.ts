import type { Json, JsonObject, Resource } from '../template.ts';
import { callDynamoDb, DynamoDbError } from './dynamodb.ts';

/* Deletes what has expired, in the place of DynamoDB's own sweep, which dynoxide does not have. */

/**
 * The engine has no index of when items expire: it reads all, and serves nobody else while it reads a page. One of 25 items
 * takes some 7 ms, however large the table is; a whole table of 20,000 items, read at once, held calls up for a second. So
 * what has expired goes within minutes here, and within days in AWS.
 */
const pageSize = 25;
const pageEveryMs = 1000;

interface KeyPart extends JsonObject {
  AttributeName: string;
  KeyType: string;
}

/**
 * Deletes what has expired on one page of a table.
 * @param now epoch seconds
 * @param from where the page begins, as the page before has said; else at the begin of the table
 * @returns where the next page begins; undefined after the last
 */
export async function sweepPage(
  endpoint: string,
  resource: Resource,
  now: number,
  from?: Json,
): Promise<Json | undefined> {
  const ttl = resource.properties.TimeToLiveSpecification as
    | { AttributeName?: string; Enabled?: boolean }
    | undefined;
  if (!ttl?.Enabled || !ttl.AttributeName) return undefined;
  const [key] = resource.properties.KeySchema as unknown as KeyPart[];
  const names = { '#expires': ttl.AttributeName };
  const values = { ':now': { N: String(now) } };
  const page = await callDynamoDb(endpoint, 'Scan', {
    TableName: resource.ref,
    FilterExpression: '#expires < :now',
    ProjectionExpression: '#key',
    ExpressionAttributeNames: { ...names, '#key': key?.AttributeName ?? '' },
    ExpressionAttributeValues: values,
    Limit: pageSize,
    ...(from !== undefined && { ExclusiveStartKey: from }),
  });
  for (const item of page.Items as JsonObject[]) {
    try {
      await callDynamoDb(endpoint, 'DeleteItem', {
        TableName: resource.ref,
        Key: item,
        // It may have been renewed since the scan.
        ConditionExpression: '#expires < :now',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
      });
    } catch (error) {
      if (!(error instanceof DynamoDbError && error.code === 'ConditionalCheckFailedException')) throw error;
    }
  }
  return page.LastEvaluatedKey;
}

/**
 * Goes round all tables, a page of each at a time, for ever.
 * @param tables those there are, asked each time
 * @returns ends it
 */
export function sweepRound(endpoint: string, tables: () => Iterable<Resource>): () => void {
  const next = new Map<string, Json | undefined>();
  let timer: NodeJS.Timeout;
  const step = async () => {
    for (const table of tables()) {
      try {
        next.set(
          table.ref,
          await sweepPage(endpoint, table, Math.floor(Date.now() / 1000), next.get(table.ref)),
        );
      } catch {
        // A table that is down is told of by whoever needs it now; the sweep comes again.
      }
    }
    timer = setTimeout(step, pageEveryMs);
  };
  timer = setTimeout(step, pageEveryMs);
  return () => clearTimeout(timer);
}
