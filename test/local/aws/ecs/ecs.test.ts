import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../../../command-line/run-file.ts';
import type { BusEvent } from '../../../../local/aws/events/bus-event.ts';
import { until } from '../../../support/until.ts';
import { startTestCloud, type TestCloud, taskResource } from '../test-cloud.ts';

let cloud: TestCloud;
let ecs: ECSClient;
const events: BusEvent[] = [];
const groups = new Map<number, boolean>();

beforeAll(async () => {
  cloud = await startTestCloud(
    {
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'gateways' } },
      Secret: {
        Type: 'AWS::SecretsManager::Secret',
        Properties: { GenerateSecretString: { SecretStringTemplate: '{}', GenerateStringKey: 'current' } },
      },
      ExecutionRole: { Type: 'AWS::IAM::Role' },
      ExecutionPolicy: {
        Type: 'AWS::IAM::Policy',
        Properties: {
          Roles: [{ Ref: 'ExecutionRole' }],
          PolicyDocument: {
            Statement: [
              { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: { Ref: 'Secret' } },
            ],
          },
        },
      },
      Polite: taskResource(
        'polite',
        {
          StopTimeout: 30,
          Environment: [
            { Name: 'GW_ID', Value: '1' },
            { Name: 'SIP_SERVER', Value: 'sip.internal' },
          ],
          Secrets: [
            { Name: 'SIP_SECRET', ValueFrom: { 'Fn::Join': ['', [{ Ref: 'Secret' }, ':current::']] } },
          ],
        },
        { ExecutionRoleArn: { 'Fn::GetAtt': ['ExecutionRole', 'Arn'] } },
      ),
      Unauthorized: taskResource('unauthorized', {
        Secrets: [{ Name: 'SIP_SECRET', ValueFrom: { Ref: 'Secret' } }],
      }),
      Stubborn: taskResource('stubborn', { StopTimeout: 1 }),
      Absent: taskResource('absent'),
    },
    {
      secret: 'a-shared-secret',
      names: () => ({ 'sip.internal': '127.0.0.1:5060' }),
      onGroup: (id, running) => groups.set(id, running),
    },
  );
  cloud.buses.observe((event) => events.push(event));
  ecs = new ECSClient({ ...cloud.client, maxAttempts: 1 });
});

afterAll(async () => {
  ecs.destroy();
  await cloud.close();
});

async function run(input: Partial<RunTaskCommandInput> = {}): Promise<string> {
  const { tasks } = await ecs.send(
    new RunTaskCommand({ cluster: 'gateways', taskDefinition: 'polite', ...input }),
  );
  return tasks?.[0]?.taskArn ?? '';
}

const idOf = (arn: string) => arn.split('/').at(-1) ?? '';
const logOf = (arn: string) => readFileSync(join(cloud.dir, 'logs', `task-${idOf(arn)}.log`), 'utf8');

async function describeTask(arn: string) {
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: 'gateways', tasks: [arn] }));
  return tasks?.[0];
}

const untilStopped = (arn: string) =>
  until('the task is stopped', async () => {
    const task = await describeTask(arn);
    return task?.lastStatus === 'STOPPED' && task;
  });

const environmentOf = (arn: string) =>
  until('the task has printed its environment', () => {
    const [line] = logOf(arn).split('\n');
    return line ? (JSON.parse(line) as Record<string, string>) : undefined;
  });

describe('a task', () => {
  it('runs with the variables of its definition, its secret, and what is overridden', async () => {
    const overrides = {
      containerOverrides: [{ name: 'main', environment: [{ name: 'GW_ID', value: '7' }] }],
    };
    const arn = await run({ overrides });
    expect(idOf(arn)).toMatch(/^[0-9a-f]{32}$/);
    const environment = await environmentOf(arn);
    expect(environment).toMatchObject({
      GW_ID: '7',
      SIP_SECRET: 'a-shared-secret',
      SIP_SERVER: '127.0.0.1:5060',
      AWS_ENDPOINT_URL: cloud.endpoint,
    });
    expect(environment).not.toHaveProperty('VITEST');
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: arn }));
  });

  it('finds its own ARN at the metadata endpoint', async () => {
    const arn = await run();
    const { ECS_CONTAINER_METADATA_URI_V4: uri } = await environmentOf(arn);
    const metadata = await (await fetch(`${uri}/task`)).json();
    expect(metadata).toMatchObject({ TaskARN: arn, Family: 'polite' });
    expect((await fetch(`${uri?.replace(/[0-9a-f]{32}/, '0'.repeat(32))}/task`)).status).toBe(404);
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: arn }));
  });

  it('is started once however often the same client token asks', async () => {
    const first = await run({ clientToken: 'once' });
    expect(await run({ clientToken: 'once' })).toBe(first);
    await expect(run({ clientToken: 'once', taskDefinition: 'stubborn' })).rejects.toMatchObject({
      name: 'ConflictException',
    });
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: first }));
  });

  it('leaves on SIGTERM, and says how it ended', async () => {
    const arn = await run({ startedBy: 'the test' });
    await environmentOf(arn);
    const listed = await ecs.send(new ListTasksCommand({ cluster: 'gateways', startedBy: 'the test' }));
    expect(listed.taskArns).toEqual([arn]);
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: idOf(arn), reason: 'enough' }));
    expect(await untilStopped(arn)).toMatchObject({
      desiredStatus: 'STOPPED',
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
      containers: [{ name: 'main', exitCode: 0 }],
      stoppedAt: expect.any(Date),
    });
  });

  it('is killed with all it has started when its time is over', async () => {
    const arn = await run({ taskDefinition: 'stubborn' });
    const child = await until('it has told of its child', () => /child (\d+)/.exec(logOf(arn))?.[1]);
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: arn }));
    expect(await untilStopped(arn)).toMatchObject({ containers: [{ exitCode: 137 }] });
    await until('its child is gone', () => !isAlive(Number(child)));
  });

  it('that ends by itself tells so', async () => {
    const arn = await run({ taskDefinition: 'absent' });
    expect(await untilStopped(arn)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ exitCode: 1 }],
    });
  });

  it('whose execution role may not read its secret does not start, and says why', async () => {
    const arn = await run({ taskDefinition: 'unauthorized' });
    expect(await untilStopped(arn)).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringContaining('secretsmanager:GetSecretValue'),
    });
  });

  it('tells each change on the default bus, with a rising version', async () => {
    const arn = await run();
    await environmentOf(arn);
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: arn }));
    await untilStopped(arn);
    const told = events.filter(({ detail }) => detail.taskArn === arn);
    expect(told.every(({ source }) => source === 'aws.ecs')).toBe(true);
    expect(told.map(({ detail }) => [detail.lastStatus, detail.desiredStatus])).toEqual([
      ['PROVISIONING', 'RUNNING'],
      ['PENDING', 'RUNNING'],
      ['RUNNING', 'RUNNING'],
      ['RUNNING', 'STOPPED'],
      ['STOPPED', 'STOPPED'],
    ]);
    expect(told.map(({ detail }) => detail.version)).toEqual([1, 2, 3, 4, 5]);
  });

  it('leaves no process group that nobody knows of', async () => {
    await cloud.tasks.stopAll('between two tests');
    expect([...groups.values()]).not.toContain(true);
    expect([...groups.keys()].filter(isAlive)).toEqual([]);
  });
});

describe('what ECS refuses', () => {
  it.each<[string, Partial<RunTaskCommandInput>, string]>([
    ['another cluster', { cluster: 'nobody' }, 'ClusterNotFoundException'],
    ['another task definition', { taskDefinition: 'nobody:3' }, 'ClientException'],
    ['eleven at once', { count: 11 }, 'InvalidParameterException'],
  ])('%s', async (_what, input, name) => {
    await expect(run(input)).rejects.toMatchObject({ name });
  });

  it('to stop a task that is none', async () => {
    const stop = new StopTaskCommand({ cluster: 'gateways', task: '0'.repeat(32) });
    await expect(ecs.send(stop)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('to describe what is missing, without an error', async () => {
    const { failures } = await ecs.send(
      new DescribeTasksCommand({ cluster: 'gateways', tasks: ['f'.repeat(32)] }),
    );
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
  });
});
