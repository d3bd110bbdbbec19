import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { assetBucket } from '../../../../local/aws/assets/bootstrap.ts';
import { until } from '../../../support/until.ts';
import { functionResource, stackOf, startEmptyTestCloud, startTestDynamoDb } from '../test-cloud.ts';

import { bodyOf, bus, type Resources, StackSuite } from './support.ts';

/* CloudFormation by the client of the AWS SDK, with templates of a few lines. */

const stacks = new StackSuite();

const tableProperties = {
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
};

describe('a stack', () => {
  it('that asks for an unknown type is rolled back, and an event names the type', async () => {
    const volume = { Type: 'AWS::EC2::Volume', Properties: { Size: 1 } };
    const failed = await stacks.deploy('unknown', bodyOf({ Facts: bus('never'), Disk: volume }));
    expect(failed).toMatchObject({
      StackStatus: 'ROLLBACK_COMPLETE',
    });
    expect(await stacks.reasonFor('unknown', 'Disk', 'CREATE_FAILED')).toMatch(
      /does not know resource type AWS::EC2::Volume/,
    );
    expect(await stacks.reasonFor('unknown', 'unknown', 'ROLLBACK_IN_PROGRESS')).toMatch(
      /failed to create: \[Disk\]/,
    );
    expect(stacks.takesEvents('never')).toBe(false);
    await expect(stacks.changeSet('unknown', bodyOf({ Facts: bus('never') }))).rejects.toThrow(
      /can not be updated/,
    );
    await stacks.delete('unknown');
    await stacks.isGone('unknown');
  });

  it('whose update fails is what it was before', async () => {
    const before = bodyOf({ Facts: bus('stays') });
    await stacks.deploy('undone', before);
    const odd = {
      Type: 'AWS::Events::Rule',
      Properties: { ScheduleExpression: 'cron(0 0 * * ? *)' },
    };
    const failed = await stacks.deploy('undone', bodyOf({ Facts: bus('other'), Odd: odd }));
    expect(failed).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await stacks.reasonFor('undone', 'Odd', 'CREATE_FAILED')).toMatch(/cron/);
    expect(['stays', 'other'].map((name) => stacks.takesEvents(name))).toEqual([true, false]);
    expect(await stacks.client.send(new GetTemplateCommand({ StackName: 'undone' }))).toMatchObject({
      TemplateBody: before,
    });
  });

  it.each<[string, Resources, object, RegExp]>([
    [
      'a resource',
      { Rule: { Type: 'AWS::Events::Rule', Properties: { EventBusName: { Ref: 'Nowhere' } } } },
      {},
      /Unresolved resource dependencies \[Nowhere\]/,
    ],
    ['a dependency', { Facts: bus('x', { DependsOn: 'Nothing' }) }, {}, /\[Nothing\]/],
    ['an output', { Facts: bus('x') }, { Outputs: { Out: { Value: { Ref: 'No' } } } }, /Output Out.*No /],
  ])(
    'whose template refers to %s that is not there is refused at once',
    async (_what, resources, more, why) => {
      await expect(stacks.changeSet('dangling', bodyOf(resources, more))).rejects.toThrow(why);
      await expect(
        stacks.client.send(new ValidateTemplateCommand({ TemplateBody: bodyOf(resources, more) })),
      ).rejects.toThrow(why);
      expect(await stacks.exists('dangling')).toBe(false);
    },
  );

  it('whose code was never uploaded is rolled back', async () => {
    const code = { S3Bucket: assetBucket, S3Key: `${'0'.repeat(64)}.zip` };
    const failed = await stacks.deploy('empty', bodyOf({ Probe: functionResource('', { Code: code }) }));
    expect(failed).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    expect(await stacks.reasonFor('empty', 'Probe', 'CREATE_FAILED')).toMatch(/specified key does not exist/);
  });

  it('that can be neither made nor unmade says so', async () => {
    const other = await startTestDynamoDb();
    const alone = await startEmptyTestCloud({ dynamoDbEndpoint: other.endpoint });
    const own = new CloudFormationClient(alone.client);
    const StackName = 'Test';
    try {
      await alone.deploy(stackOf({ Table: { Type: 'AWS::DynamoDB::Table', Properties: tableProperties } }));
      await other.stop();
      const { Id } = await own.send(
        new CreateChangeSetCommand({
          StackName,
          ChangeSetName: 'change',
          TemplateBody: bodyOf({ Facts: bus('never') }),
        }),
      );
      await own.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));
      const stack = await until('it has given up', async () => {
        const { Stacks } = await own.send(new DescribeStacksCommand({ StackName }));
        return Stacks?.find(({ StackStatus }) => StackStatus === 'UPDATE_ROLLBACK_FAILED');
      });
      expect(stack.StackStatusReason).toMatch(/going back failed/);
    } finally {
      await alone.close();
    }
  });

  it('does not take what another stack has', async () => {
    await stacks.deploy('first', bodyOf({ Facts: bus('ours') }));
    await stacks.deploy('second', bodyOf({ Facts: bus('ours') }));
    expect(await stacks.reasonFor('second', 'Facts', 'CREATE_FAILED')).toMatch(
      /ours already exists in stack first/,
    );
    expect(stacks.takesEvents('ours')).toBe(true);
  });
});
