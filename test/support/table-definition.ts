import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** The table of docs/architecture.md, as `infra/` builds it, for tests that need no stack. */
export function tableDefinition(tableName: string): CreateTableCommandInput {
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'freeShard', AttributeType: 'S' },
      { AttributeName: 'availableAt', AttributeType: 'N' },
      { AttributeName: 'watchKey', AttributeType: 'S' },
      { AttributeName: 'watchAt', AttributeType: 'N' },
      { AttributeName: 'callId', AttributeType: 'S' },
      { AttributeName: 'gateway', AttributeType: 'S' },
      { AttributeName: 'offeredAt', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'free',
        KeySchema: [
          { AttributeName: 'freeShard', KeyType: 'HASH' },
          { AttributeName: 'availableAt', KeyType: 'RANGE' },
        ],
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: ['username', 'contact', 'received', 'registrationId', 'taskId', 'edgeId'],
        },
      },
      {
        IndexName: 'watch',
        KeySchema: [
          { AttributeName: 'watchKey', KeyType: 'HASH' },
          { AttributeName: 'watchAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
      {
        IndexName: 'calls',
        KeySchema: [{ AttributeName: 'callId', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
      {
        IndexName: 'gateways',
        KeySchema: [
          { AttributeName: 'gateway', KeyType: 'HASH' },
          { AttributeName: 'offeredAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  };
}
