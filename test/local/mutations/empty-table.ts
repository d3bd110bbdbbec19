import { callDynamoDb } from '../../../local/aws/dynamodb/dynamodb.ts';
import type { Json, JsonObject, Resource } from '../../../local/aws/template.ts';

/** Deletes every item of a table, also those that never expire. */
export async function emptyTable(endpoint: string, { ref, properties }: Resource): Promise<void> {
  const keys = properties.KeySchema as unknown as { AttributeName: string }[];
  const names = Object.fromEntries(keys.map(({ AttributeName }, n) => [`#key${n}`, AttributeName]));
  const scan = {
    TableName: ref,
    ProjectionExpression: Object.keys(names).join(),
    ExpressionAttributeNames: names,
  };
  let from: Json | undefined;
  do {
    const page = await callDynamoDb(endpoint, 'Scan', {
      ...scan,
      ...(from !== undefined && { ExclusiveStartKey: from }),
    });
    for (const Key of page.Items as JsonObject[]) {
      await callDynamoDb(endpoint, 'DeleteItem', { TableName: ref, Key });
    }
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
}
