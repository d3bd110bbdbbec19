import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll } from 'vitest';
import { until } from '../../../support/until.ts';
import { type EmptyTestCloud, startEmptyTestCloud, startTestDynamoDb } from '../test-cloud.ts';

/** A file's local cloud, empty at first, and CloudFormation by the client of the AWS SDK. */
export class StackSuite {
  cloud!: EmptyTestCloud;
  table!: Awaited<ReturnType<typeof startTestDynamoDb>>;
  client!: CloudFormationClient;

  /** Registers the hooks that start the cloud and end it. */
  constructor() {
    beforeAll(async () => {
      this.table = await startTestDynamoDb();
      this.cloud = await startEmptyTestCloud({ dynamoDbEndpoint: this.table.endpoint });
      this.client = new CloudFormationClient(this.cloud.client);
    });
    afterAll(async () => {
      await this.cloud?.close();
      await this.table?.stop();
    });
  }

  async named(StackName: string): Promise<Stack | undefined> {
    const { Stacks } = await this.client.send(new DescribeStacksCommand({ StackName }));
    return Stacks?.[0];
  }

  exists(StackName: string): Promise<boolean> {
    return this.named(StackName).then(
      () => true,
      () => false,
    );
  }

  settled(id: string): Promise<Stack> {
    return until(`stack ${id} is settled`, async () => {
      const stack = await this.named(id);
      return stack?.StackStatus?.endsWith('_IN_PROGRESS') ? undefined : stack;
    });
  }

  async changeSet(StackName: string, TemplateBody: string, more: object = {}) {
    const ChangeSetType = (await this.exists(StackName)) ? 'UPDATE' : 'CREATE';
    const input = { StackName, ChangeSetName: 'change', ChangeSetType, TemplateBody, ...more } as const;
    const { Id } = await this.client.send(new CreateChangeSetCommand(input));
    return this.client.send(new DescribeChangeSetCommand({ ChangeSetName: Id }));
  }

  /** Deploys by a change set. @returns the stack when it is settled */
  async deploy(StackName: string, TemplateBody: string, more: object = {}): Promise<Stack> {
    const { ChangeSetId: ChangeSetName, StackId = '' } = await this.changeSet(StackName, TemplateBody, more);
    await this.client.send(new ExecuteChangeSetCommand({ ChangeSetName }));
    const stack = await this.settled(StackId);
    await this.client.send(new DeleteChangeSetCommand({ ChangeSetName }));
    return stack;
  }

  async delete(StackName: string): Promise<void> {
    await this.client.send(new DeleteStackCommand({ StackName }));
  }

  async isGone(StackName: string): Promise<void> {
    await until(`stack ${StackName} is gone`, async () => !(await this.exists(StackName)));
  }

  /** A stack's events, oldest first, as `EventBus Facts CREATE_COMPLETE`. */
  async eventsOf(StackName: string): Promise<string[]> {
    return (await this.#events(StackName))
      .map(
        ({ ResourceType, LogicalResourceId, ResourceStatus }) =>
          `${ResourceType?.split('::').at(-1)} ${LogicalResourceId} ${ResourceStatus}`,
      )
      .reverse();
  }

  async reasonFor(StackName: string, id: string, status: string): Promise<string | undefined> {
    return (await this.#events(StackName)).find(
      ({ LogicalResourceId, ResourceStatus }) => LogicalResourceId === id && ResourceStatus === status,
    )?.ResourceStatusReason;
  }

  /** Whether there is such a bus. */
  takesEvents(EventBusName: string): boolean {
    const event = { Source: 'a', DetailType: 'b', Detail: '{}', EventBusName };
    const [result] = this.cloud.buses.putEvents([event], 100);
    return result !== undefined && 'EventId' in result;
  }

  async #events(StackName: string) {
    return (await this.client.send(new DescribeStackEventsCommand({ StackName }))).StackEvents ?? [];
  }
}

export type Resources = Record<string, object>;

export const bus = (Name: string, more: object = {}) => ({
  Type: 'AWS::Events::EventBus',
  Properties: { Name },
  ...more,
});

export const bodyOf = (Resources: Resources, more: object = {}) => JSON.stringify({ Resources, ...more });
