import {
  CloudFormationClient,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { accessKeyOf } from '../../../../local/aws/iam/permissions.ts';

import { bodyOf, bus, StackSuite } from './support.ts';

/* CloudFormation by the client of the AWS SDK, with templates of a few lines. */

const stacks = new StackSuite();

describe('a stack', () => {
  it('is made by a change set, told step by step, and there', async () => {
    const body = bodyOf(
      { Facts: bus('made-facts'), Dead: { Type: 'AWS::SQS::Queue' } },
      {
        Description: 'two things',
        Outputs: { Bus: { Value: { Ref: 'Facts' }, Description: 'its <name> & more' } },
      },
    );
    const described = await stacks.changeSet('made', body, { Tags: [{ Key: 'a', Value: 'b' }] });
    expect(described).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' });
    expect(described.Changes?.map(({ ResourceChange: change }) => change)).toMatchObject([
      { Action: 'Add', LogicalResourceId: 'Facts', ResourceType: 'AWS::Events::EventBus' },
      { Action: 'Add', LogicalResourceId: 'Dead', ResourceType: 'AWS::SQS::Queue' },
    ]);
    expect(stacks.takesEvents('made-facts')).toBe(false);
    expect(await stacks.named('made')).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' });
    const { Summaries } = await stacks.client.send(new ListChangeSetsCommand({ StackName: 'made' }));
    expect(Summaries).toMatchObject([{ ChangeSetName: 'change' }]);

    await stacks.client.send(new ExecuteChangeSetCommand({ StackName: 'made', ChangeSetName: 'change' }));
    expect(await stacks.settled('made')).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Description: 'two things',
      Tags: [{ Key: 'a', Value: 'b' }],
      Outputs: [{ OutputKey: 'Bus', OutputValue: 'made-facts', Description: 'its <name> & more' }],
      EnableTerminationProtection: false,
    });
    expect(stacks.takesEvents('made-facts')).toBe(true);
    expect(await stacks.eventsOf('made')).toEqual([
      'Stack made REVIEW_IN_PROGRESS',
      'Stack made CREATE_IN_PROGRESS',
      'EventBus Facts CREATE_IN_PROGRESS',
      'Queue Dead CREATE_IN_PROGRESS',
      'EventBus Facts CREATE_COMPLETE',
      'Queue Dead CREATE_COMPLETE',
      'Stack made CREATE_COMPLETE',
    ]);
    const { StackResources } = await stacks.client.send(
      new DescribeStackResourcesCommand({ StackName: 'made' }),
    );
    expect(StackResources).toMatchObject([{ PhysicalResourceId: 'made-facts' }, {}]);
    const { StackResourceSummaries } = await stacks.client.send(
      new ListStackResourcesCommand({ StackName: 'made' }),
    );
    expect(StackResourceSummaries).toHaveLength(2);
    expect(await stacks.client.send(new GetTemplateCommand({ StackName: 'made' }))).toMatchObject({
      TemplateBody: body,
    });
    expect(await stacks.client.send(new GetTemplateSummaryCommand({ StackName: 'made' }))).toMatchObject({
      ResourceTypes: ['AWS::Events::EventBus', 'AWS::SQS::Queue'],
    });
  });

  it('that is deployed again unchanged has a failed change set which says so', async () => {
    const body = bodyOf({ Facts: bus('same') });
    await stacks.deploy('same', body);
    const again = await stacks.changeSet('same', body);
    expect(again).toMatchObject({
      Status: 'FAILED',
      ExecutionStatus: 'UNAVAILABLE',
      StatusReason: expect.stringContaining("didn't contain changes"),
    });
    expect(again.Changes ?? []).toEqual([]);
    await expect(
      stacks.client.send(new ExecuteChangeSetCommand({ ChangeSetName: again.ChangeSetId })),
    ).rejects.toThrow(/cannot be executed/);
    const named = { StackName: 'same', ChangeSetName: 'change' };
    await stacks.client.send(new DeleteChangeSetCommand(named));
    await expect(stacks.client.send(new DescribeChangeSetCommand(named))).rejects.toThrow(/does not exist/);
    // As before a deployment, which deletes what another may have left.
    await stacks.client.send(new DeleteChangeSetCommand(named));
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
    await expect(stacks.changeSet('parameters', body)).rejects.toThrow(/\[Given\] must have values/);
    const execute = (Parameters: object[]) => stacks.deploy('parameters', body, { Parameters });
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
    await stacks.deploy('next', bodyOf({ Facts: bus('before'), Rule: rule('a'), Gone: bus('gone') }));
    const described = await stacks.changeSet('next', bodyOf({ Facts: bus('after'), Rule: rule('b') }));
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
    await stacks.client.send(new ExecuteChangeSetCommand({ ChangeSetName: described.ChangeSetId }));
    expect(await stacks.settled('next')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    expect(['before', 'gone', 'after'].map((name) => stacks.takesEvents(name))).toEqual([false, false, true]);
    expect(await stacks.eventsOf('next')).toContain('EventBus Gone DELETE_COMPLETE');
  });

  it('is not for the roles of another to see or to make', async () => {
    const credentials = stacks.cloud.credentialsOf(accessKeyOf('some-role'));
    const role = new CloudFormationClient({ ...stacks.cloud.client, credentials });
    await expect(role.send(new DescribeStacksCommand({}))).rejects.toThrow(
      /some-role is not authorized to perform: cloudformation:DescribeStacks/,
    );
  });
});
