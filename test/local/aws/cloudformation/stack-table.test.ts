import { describe, expect, it } from 'vitest';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';

import { bodyOf, StackSuite } from './support.ts';

/* CloudFormation by the client of the AWS SDK, with templates of a few lines. */

const stacks = new StackSuite();

describe('the table of a stack', () => {
  const key = (AttributeName: string) => [{ AttributeName, KeyType: 'HASH' }];
  const tableOf = (
    pk: string,
    { index = false, ttl = 'expiresAt', isProtected = false } = {},
    policy: 'Delete' | 'Retain' = 'Delete',
  ) => ({
    DeletionPolicy: policy,
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: 'things',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: key(pk),
      AttributeDefinitions: [pk, ...(index ? ['kind'] : [])].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      TimeToLiveSpecification: { AttributeName: ttl, Enabled: true },
      ...(index && {
        GlobalSecondaryIndexes: [
          { IndexName: 'byKind', KeySchema: key('kind'), Projection: { ProjectionType: 'ALL' } },
        ],
      }),
      DeletionProtectionEnabled: isProtected,
    },
  });
  const call = (operation: string, request: object) =>
    callDynamoDb(stacks.table.endpoint, operation, { TableName: 'things', ...request });
  const item = { pk: { S: '1' }, kind: { S: 'gateway' } };

  it('gets and loses an index and another TTL attribute with all its items', async () => {
    await stacks.deploy('table', bodyOf({ Table: tableOf('pk') }));
    await call('PutItem', { Item: item });
    const updated = await stacks.deploy(
      'table',
      bodyOf({ Table: tableOf('pk', { index: true, ttl: 'until' }) }),
    );
    expect(updated).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    const query = () =>
      call('Query', {
        IndexName: 'byKind',
        KeyConditionExpression: 'kind = :kind',
        ExpressionAttributeValues: { ':kind': { S: 'gateway' } },
      });
    expect(await query()).toMatchObject({ Items: [item] });
    expect(await call('DescribeTimeToLive', {})).toMatchObject({
      TimeToLiveDescription: { AttributeName: 'until', TimeToLiveStatus: 'ENABLED' },
    });
    await stacks.deploy('table', bodyOf({ Table: tableOf('pk') }));
    await expect(query()).rejects.toThrow(/index/);
  });

  it('is made anew for another key, unless it is protected against deletion or retained', async () => {
    await stacks.deploy('table', bodyOf({ Table: tableOf('pk', { isProtected: true }) }));
    const failed = await stacks.deploy('table', bodyOf({ Table: tableOf('id') }));
    expect(failed).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await stacks.reasonFor('table', 'Table', 'UPDATE_FAILED')).toMatch(/protected against deletion/);
    await stacks.deploy('table', bodyOf({ Table: tableOf('pk', {}, 'Retain') }));
    await stacks.deploy('table', bodyOf({ Table: tableOf('id') }));
    expect(await stacks.reasonFor('table', 'Table', 'UPDATE_FAILED')).toMatch(/keeps the old one/);
    expect(await call('GetItem', { Key: { pk: item.pk } })).toMatchObject({ Item: item });

    await stacks.deploy('table', bodyOf({ Table: tableOf('pk') }));
    await stacks.deploy('table', bodyOf({ Table: tableOf('id') }));
    expect(await call('DescribeTable', {})).toMatchObject({ Table: { KeySchema: key('id') } });
    expect(await call('Scan', {})).toMatchObject({ Count: 0 });
  });

  it('goes with its stack, but not where it is protected', async () => {
    await stacks.deploy('table', bodyOf({ Table: tableOf('id', { isProtected: true }) }));
    await stacks.delete('table');
    expect(await stacks.settled('table')).toMatchObject({ StackStatus: 'DELETE_FAILED' });
    expect(await stacks.reasonFor('table', 'Table', 'DELETE_FAILED')).toMatch(/protected against deletion/);
    await call('DescribeTable', {});
  });
});
