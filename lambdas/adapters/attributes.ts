import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

/*
 * Between JavaScript values and DynamoDB's. The plain client with these two does what `DynamoDBDocumentClient` does,
 * which cannot keep a command's chain of middleware and so spends a third more on each call (docs/bench.md).
 */

export type Item = Record<string, unknown>;
export type AttributeMap = Record<string, AttributeValue>;

export function toAttributes(item: Item): AttributeMap {
  return marshall(item, { removeUndefinedValues: true });
}

export function fromAttributes(attributes: AttributeMap): Item {
  return unmarshall(attributes);
}
