import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  ListStackResourcesCommand,
  type Stack,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assetBucket } from '../../../../local/aws/assets/bootstrap.ts';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';
import { accessKeyOf } from '../../../../local/aws/iam/permissions.ts';
import { until } from '../../../support/until.ts';
import {
  type EmptyTestCloud,
  functionResource,
  stackOf,
  startEmptyTestCloud,
  startTestDynamoDb,
} from '../test-cloud.ts';

/* CloudFormation by the client of the AWS SDK, with templates of a few lines. */

let cloud: EmptyTestCloud;
let table: Awaited<ReturnType<typeof startTestDynamoDb>>;
let client: CloudFormationClient;

beforeAll(async () => {
  table = await startTestDynamoDb();
  cloud = await startEmptyTestCloud({ dynamoDbEndpoint: table.endpoint });
  client = new CloudFormationClient(cloud.client);
});

afterAll(async () => {
  await cloud?.close();
  await table?.stop();
});

type Resources = Record<string, object>;

const tableProperties = {
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
};

const bus = (Name: string, more: object = {}) => ({
  Type: 'AWS::Events::EventBus',
  Properties: { Name },
  ...more,
});
const secret = (more: object = {}) => ({
  Type: 'AWS::SecretsManager::Secret',
  Properties: { GenerateSecretString: {} },
  ...more,
});
const bodyOf = (Resources: Resources, more: object = {}) => JSON.stringify({ Resources, ...more });

async function stackNamed(StackName: string): Promise<Stack | undefined> {
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
  return Stacks?.[0];
}

const settled = (id: string) =>
  until(`stack ${id} is settled`, async () => {
    const stack = await stackNamed(id);
    return stack?.StackStatus?.endsWith('_IN_PROGRESS') ? undefined : stack;
  });

const exists = (StackName: string) =>
  stackNamed(StackName).then(
    () => true,
    () => false,
  );

async function changeSet(StackName: string, TemplateBody: string, more: object = {}) {
  const ChangeSetType = (await exists(StackName)) ? 'UPDATE' : 'CREATE';
  const input = { StackName, ChangeSetName: 'change', ChangeSetType, TemplateBody, ...more } as const;
  const { Id } = await client.send(new CreateChangeSetCommand(input));
  return client.send(new DescribeChangeSetCommand({ ChangeSetName: Id }));
}

/** Deploys by a change set. @returns the stack when it is settled */
async function deploy(StackName: string, TemplateBody: string): Promise<Stack> {
  const { ChangeSetId, StackId } = await changeSet(StackName, TemplateBody);
  await client.send(new ExecuteChangeSetCommand({ ChangeSetName: ChangeSetId }));
  const stack = await settled(StackId ?? '');
  await client.send(new DeleteChangeSetCommand({ ChangeSetName: ChangeSetId }));
  return stack;
}

/** A stack's events, oldest first, as `EventBus Facts CREATE_COMPLETE`. */
async function eventsOf(StackName: string): Promise<string[]> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.map(
    ({ ResourceType, LogicalResourceId, ResourceStatus }) =>
      `${ResourceType?.split('::').at(-1)} ${LogicalResourceId} ${ResourceStatus}`,
  ).reverse();
}

async function reasonFor(StackName: string, id: string, status: string): Promise<string | undefined> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.find(
    ({ LogicalResourceId, ResourceStatus }) => LogicalResourceId === id && ResourceStatus === status,
  )?.ResourceStatusReason;
}

const takesEvents = (EventBusName: string) => {
  const [result] = cloud.buses.putEvents([{ Source: 'a', DetailType: 'b', Detail: '{}', EventBusName }], 100);
  return result !== undefined && 'EventId' in result;
};

describe('a stack', () => {
  it('is made by a change set, told step by step, and there', async () => {
    const body = bodyOf(
      { Facts: bus('made-facts'), Dead: { Type: 'AWS::SQS::Queue' } },
      {
        Description: 'two things',
        Outputs: { Bus: { Value: { Ref: 'Facts' }, Description: 'its <name> & more' } },
      },
    );
    const described = await changeSet('made', body, { Tags: [{ Key: 'a', Value: 'b' }] });
    expect(described).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' });
    expect(described.Changes?.map(({ ResourceChange: change }) => change)).toMatchObject([
      { Action: 'Add', LogicalResourceId: 'Facts', ResourceType: 'AWS::Events::EventBus' },
      { Action: 'Add', LogicalResourceId: 'Dead', ResourceType: 'AWS::SQS::Queue' },
    ]);
    expect(takesEvents('made-facts')).toBe(false);
    expect(await stackNamed('made')).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' });
    const { Summaries } = await client.send(new ListChangeSetsCommand({ StackName: 'made' }));
    expect(Summaries).toMatchObject([{ ChangeSetName: 'change' }]);

    await client.send(new ExecuteChangeSetCommand({ StackName: 'made', ChangeSetName: 'change' }));
    expect(await settled('made')).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Description: 'two things',
      Tags: [{ Key: 'a', Value: 'b' }],
      Outputs: [{ OutputKey: 'Bus', OutputValue: 'made-facts', Description: 'its <name> & more' }],
      EnableTerminationProtection: false,
    });
    expect(takesEvents('made-facts')).toBe(true);
    expect(await eventsOf('made')).toEqual([
      'Stack made REVIEW_IN_PROGRESS',
      'Stack made CREATE_IN_PROGRESS',
      'EventBus Facts CREATE_IN_PROGRESS',
      'Queue Dead CREATE_IN_PROGRESS',
      'EventBus Facts CREATE_COMPLETE',
      'Queue Dead CREATE_COMPLETE',
      'Stack made CREATE_COMPLETE',
    ]);
    const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: 'made' }));
    expect(StackResources).toMatchObject([{ PhysicalResourceId: 'made-facts' }, {}]);
    const { StackResourceSummaries } = await client.send(
      new ListStackResourcesCommand({ StackName: 'made' }),
    );
    expect(StackResourceSummaries).toHaveLength(2);
    expect(await client.send(new GetTemplateCommand({ StackName: 'made' }))).toMatchObject({
      TemplateBody: body,
    });
    expect(await client.send(new GetTemplateSummaryCommand({ StackName: 'made' }))).toMatchObject({
      ResourceTypes: ['AWS::Events::EventBus', 'AWS::SQS::Queue'],
    });
  });

  it('that is deployed again unchanged has a failed change set which says so', async () => {
    const body = bodyOf({ Facts: bus('same') });
    await deploy('same', body);
    const again = await changeSet('same', body);
    expect(again).toMatchObject({
      Status: 'FAILED',
      ExecutionStatus: 'UNAVAILABLE',
      StatusReason: expect.stringContaining("didn't contain changes"),
    });
    expect(again.Changes ?? []).toEqual([]);
    await expect(
      client.send(new ExecuteChangeSetCommand({ ChangeSetName: again.ChangeSetId })),
    ).rejects.toThrow(/cannot be executed/);
    const named = { StackName: 'same', ChangeSetName: 'change' };
    await client.send(new DeleteChangeSetCommand(named));
    await expect(client.send(new DescribeChangeSetCommand(named))).rejects.toThrow(/does not exist/);
    // As before a deployment, which deletes what another may have left.
    await client.send(new DeleteChangeSetCommand(named));
  });

  it('takes parameters: given, as before, by default, or looked up in the Parameter Store', async () => {
    const version = '/cdk-bootstrap/hnb659fds/version';
    const body = bodyOf(
      { Facts: bus('parameters') },
      {
        Parameters: {
          Given: { Type: 'String' },
          Default: { Type: 'String', Default: 'd' },
          Version: { Type: 'AWS::SSM::Parameter::Value<String>', Default: version },
        },
        Outputs: {
          All: { Value: { 'Fn::Join': [' ', ['Given', 'Default', 'Version'].map((Ref) => ({ Ref }))] } },
        },
      },
    );
    await expect(changeSet('parameters', body)).rejects.toThrow(/\[Given\] must have values/);
    const execute = async (Parameters: object[]) => {
      const { ChangeSetId } = await changeSet('parameters', body, { Parameters });
      await client.send(new ExecuteChangeSetCommand({ ChangeSetName: ChangeSetId }));
      await settled('parameters');
      await client.send(new DeleteChangeSetCommand({ ChangeSetName: ChangeSetId }));
      return stackNamed('parameters');
    };
    expect(await execute([{ ParameterKey: 'Given', ParameterValue: 'g' }])).toMatchObject({
      Outputs: [{ OutputValue: 'g d 30' }],
    });
    const kept = ['Given', 'Version'].map((ParameterKey) => ({ ParameterKey, UsePreviousValue: true }));
    expect(await execute([...kept, { ParameterKey: 'Default', ParameterValue: 'other' }])).toMatchObject({
      Parameters: expect.arrayContaining([{ ParameterKey: 'Version', ParameterValue: version }]),
      Outputs: [{ OutputValue: 'g other 30' }],
    });
  });

  it('becomes what the next template says, each change told before it is made', async () => {
    const rule = (source: string) => ({
      Type: 'AWS::Events::Rule',
      Properties: { EventBusName: { Ref: 'Facts' }, EventPattern: { source: [source] } },
    });
    await deploy('next', bodyOf({ Facts: bus('before'), Rule: rule('a'), Gone: bus('gone') }));
    const described = await changeSet('next', bodyOf({ Facts: bus('after'), Rule: rule('b') }));
    expect(described.Changes?.map(({ ResourceChange: change }) => change)).toMatchObject([
      {
        Action: 'Modify',
        LogicalResourceId: 'Facts',
        PhysicalResourceId: 'before',
        Replacement: 'True',
        Scope: ['Properties'],
        Details: [
          {
            Target: { Attribute: 'Properties', Name: 'Name', RequiresRecreation: 'Always' },
            Evaluation: 'Static',
            ChangeSource: 'DirectModification',
          },
        ],
      },
      {
        Action: 'Modify',
        LogicalResourceId: 'Rule',
        Replacement: 'Conditional',
        Details: [
          { Target: { Name: 'EventPattern' }, Evaluation: 'Static' },
          { Target: { Name: 'EventBusName' }, Evaluation: 'Dynamic', CausingEntity: 'Facts' },
        ],
      },
      { Action: 'Remove', LogicalResourceId: 'Gone' },
    ]);
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: described.ChangeSetId }));
    expect(await settled('next')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    expect(['before', 'gone', 'after'].map(takesEvents)).toEqual([false, false, true]);
    expect(await eventsOf('next')).toContain('EventBus Gone DELETE_COMPLETE');
  });

  it('that asks for an unknown type is rolled back, and an event names the type', async () => {
    const volume = { Type: 'AWS::EC2::Volume', Properties: { Size: 1 } };
    const failed = await deploy('unknown', bodyOf({ Facts: bus('never'), Disk: volume }));
    expect(failed).toMatchObject({
      StackStatus: 'ROLLBACK_COMPLETE',
    });
    expect(await reasonFor('unknown', 'Disk', 'CREATE_FAILED')).toMatch(
      /does not know resource type AWS::EC2::Volume/,
    );
    expect(await reasonFor('unknown', 'unknown', 'ROLLBACK_IN_PROGRESS')).toMatch(
      /failed to create: \[Disk\]/,
    );
    expect(takesEvents('never')).toBe(false);
    await expect(changeSet('unknown', bodyOf({ Facts: bus('never') }))).rejects.toThrow(/can not be updated/);
    await client.send(new DeleteStackCommand({ StackName: 'unknown' }));
    await until('it is gone', async () => !(await exists('unknown')));
  });

  it('whose update fails is what it was before', async () => {
    const before = bodyOf({ Facts: bus('stays') });
    await deploy('undone', before);
    const odd = {
      Type: 'AWS::Events::Rule',
      Properties: { ScheduleExpression: 'cron(0 0 * * ? *)' },
    };
    const failed = await deploy('undone', bodyOf({ Facts: bus('other'), Odd: odd }));
    expect(failed).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await reasonFor('undone', 'Odd', 'CREATE_FAILED')).toMatch(/cron/);
    expect(['stays', 'other'].map(takesEvents)).toEqual([true, false]);
    expect(await client.send(new GetTemplateCommand({ StackName: 'undone' }))).toMatchObject({
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
      await expect(changeSet('dangling', bodyOf(resources, more))).rejects.toThrow(why);
      await expect(
        client.send(new ValidateTemplateCommand({ TemplateBody: bodyOf(resources, more) })),
      ).rejects.toThrow(why);
      expect(await exists('dangling')).toBe(false);
    },
  );

  it('that is protected is not deleted until it is no more', async () => {
    await deploy('protected', bodyOf({ Facts: bus('safe') }));
    const protect = (EnableTerminationProtection: boolean) =>
      client.send(
        new UpdateTerminationProtectionCommand({ StackName: 'protected', EnableTerminationProtection }),
      );
    await protect(true);
    await expect(client.send(new DeleteStackCommand({ StackName: 'protected' }))).rejects.toThrow(
      /TerminationProtection is enabled/,
    );
    expect(takesEvents('safe')).toBe(true);
    await protect(false);
    await client.send(new DeleteStackCommand({ StackName: 'protected' }));
    await until('it is gone', async () => !(await exists('protected')));
    expect(takesEvents('safe')).toBe(false);
  });

  it('leaves what its template retains, which the next stack of its name takes over', async () => {
    const body = bodyOf({ Kept: secret({ DeletionPolicy: 'Retain' }), Lost: secret() });
    const { StackId = '' } = await deploy('kept', body);
    const idOf = (name: string) => `kept-${name}`;
    const { SecretString } = cloud.secrets.getSecretValue({ SecretId: idOf('Kept') });
    await client.send(new DeleteStackCommand({ StackName: 'kept' }));
    expect(await settled(StackId)).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect(await eventsOf(StackId)).toEqual(
      expect.arrayContaining(['Secret Kept DELETE_SKIPPED', 'Secret Lost DELETE_COMPLETE']),
    );
    expect(cloud.secrets.getSecretValue({ SecretId: idOf('Kept') })).toMatchObject({ SecretString });
    expect(() => cloud.secrets.getSecretValue({ SecretId: idOf('Lost') })).toThrow(/can't find/);

    await deploy('kept', body);
    expect(cloud.secrets.getSecretValue({ SecretId: idOf('Kept') })).toMatchObject({ SecretString });
  });

  it('whose code was never uploaded is rolled back', async () => {
    const code = { S3Bucket: assetBucket, S3Key: `${'0'.repeat(64)}.zip` };
    const failed = await deploy('empty', bodyOf({ Probe: functionResource('', { Code: code }) }));
    expect(failed).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    expect(await reasonFor('empty', 'Probe', 'CREATE_FAILED')).toMatch(/specified key does not exist/);
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

  it('is not for the roles of another to see or to make', async () => {
    const credentials = { accessKeyId: accessKeyOf('some-role'), secretAccessKey: 'local' };
    const role = new CloudFormationClient({ ...cloud.client, credentials });
    await expect(role.send(new DescribeStacksCommand({}))).rejects.toThrow(
      /some-role is not authorized to perform: cloudformation:DescribeStacks/,
    );
  });

  it('does not take what another stack has', async () => {
    await deploy('first', bodyOf({ Facts: bus('ours') }));
    await deploy('second', bodyOf({ Facts: bus('ours') }));
    expect(await reasonFor('second', 'Facts', 'CREATE_FAILED')).toMatch(/ours already exists in stack first/);
    expect(takesEvents('ours')).toBe(true);
  });
});

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
    callDynamoDb(table.endpoint, operation, { TableName: 'things', ...request });
  const item = { pk: { S: '1' }, kind: { S: 'gateway' } };

  it('gets and loses an index and another TTL attribute with all its items', async () => {
    await deploy('table', bodyOf({ Table: tableOf('pk') }));
    await call('PutItem', { Item: item });
    const updated = await deploy('table', bodyOf({ Table: tableOf('pk', { index: true, ttl: 'until' }) }));
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
    await deploy('table', bodyOf({ Table: tableOf('pk') }));
    await expect(query()).rejects.toThrow(/index/);
  });

  it('is made anew for another key, unless it is protected against deletion or retained', async () => {
    await deploy('table', bodyOf({ Table: tableOf('pk', { isProtected: true }) }));
    const failed = await deploy('table', bodyOf({ Table: tableOf('id') }));
    expect(failed).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await reasonFor('table', 'Table', 'UPDATE_FAILED')).toMatch(/protected against deletion/);
    await deploy('table', bodyOf({ Table: tableOf('pk', {}, 'Retain') }));
    await deploy('table', bodyOf({ Table: tableOf('id') }));
    expect(await reasonFor('table', 'Table', 'UPDATE_FAILED')).toMatch(/keeps the old one/);
    expect(await call('GetItem', { Key: { pk: item.pk } })).toMatchObject({ Item: item });

    await deploy('table', bodyOf({ Table: tableOf('pk') }));
    await deploy('table', bodyOf({ Table: tableOf('id') }));
    expect(await call('DescribeTable', {})).toMatchObject({ Table: { KeySchema: key('id') } });
    expect(await call('Scan', {})).toMatchObject({ Count: 0 });
  });

  it('goes with its stack, but not where it is protected', async () => {
    await deploy('table', bodyOf({ Table: tableOf('id', { isProtected: true }) }));
    await client.send(new DeleteStackCommand({ StackName: 'table' }));
    expect(await settled('table')).toMatchObject({ StackStatus: 'DELETE_FAILED' });
    expect(await reasonFor('table', 'Table', 'DELETE_FAILED')).toMatch(/protected against deletion/);
    await call('DescribeTable', {});
  });
});
