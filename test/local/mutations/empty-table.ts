import { callDynamoDb } from '../../../local/aws/dynamodb/dynamodb.ts';
import type { JsonObject } from '../../../local/aws/template.ts';

/** Deletes every item of a table with the key `pk`, also those that never expire. */
export async function emptyTable(endpoint: string, TableName: string): Promise<void> {
  for (;;) {
    const { Items } = await callDynamoDb(endpoint, 'Scan', { TableName, ProjectionExpression: 'pk' });
    const keys = Items as JsonObject[];
    if (keys.length === 0) return;
    for (const Key of keys) await callDynamoDb(endpoint, 'DeleteItem', { TableName, Key });
  }
}
