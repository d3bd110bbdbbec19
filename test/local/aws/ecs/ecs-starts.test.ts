import {
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomStarts, type StartFate } from '../../../../local/aws/ecs/start-plan.ts';
import type { BusEvent } from '../../../../local/aws/events/bus-event.ts';
import { until } from '../../../support/until.ts';
import { startTestCloud, type TestCloud, taskResource } from '../test-cloud.ts';

/* Starts that take time and fail, as those of Fargate do. */

const delayMs = 300;
let cloud: TestCloud;
let ecs: ECSClient;
let fate: (subnets: readonly string[]) => StartFate;
const events: BusEvent[] = [];

beforeAll(async () => {
  cloud = await startTestCloud(
    {
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'gateways' } },
      Polite: taskResource('polite', {}, { NetworkMode: 'awsvpc' }),
    },
    { starts: { delayMs: () => delayMs, fate: (subnets) => fate(subnets) } },
  );
  cloud.buses.observe((event) => events.push(event));
  ecs = new ECSClient({ ...cloud.client, maxAttempts: 1 });
});
beforeEach(() => {
  fate = () => 'runs';
});
afterAll(async () => {
  ecs.destroy();
  await cloud.close();
});

const run = (subnets = ['subnet-a', 'subnet-b'], more = {}) =>
  ecs.send(
    new RunTaskCommand({
      cluster: 'gateways',
      taskDefinition: 'polite',
      networkConfiguration: { awsvpcConfiguration: { subnets } },
      ...more,
    }),
  );
const arnOf = ({ tasks = [] }: Awaited<ReturnType<typeof run>>) => tasks[0]?.taskArn ?? '';
const statesOf = (arn: string) =>
  events.filter(({ detail }) => detail.taskArn === arn).map(({ detail }) => detail.lastStatus);

describe('a start that takes time', () => {
  it('tells its phases by events and times: placed, pulled, running', async () => {
    const arn = arnOf(await run());
    await until('it runs', () => statesOf(arn).includes('RUNNING'));
    expect(statesOf(arn)).toEqual(['PROVISIONING', 'PENDING', 'RUNNING']);
    const detail = events.findLast((event) => event.detail.taskArn === arn)?.detail as Record<string, string>;
    const [created, pulling, pulled, running] = [
      'createdAt',
      'pullStartedAt',
      'pullStoppedAt',
      'startedAt',
    ].map((name) => Date.parse(detail[name] as string)) as [number, number, number, number];
    expect(pulling).toBeGreaterThan(created);
    expect(pulled).toBeGreaterThan(pulling);
    expect(running).toBeGreaterThanOrEqual(created + delayMs - 1);
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: arn }));
  });

  it('can be stopped before it runs', async () => {
    const arn = arnOf(await run());
    await ecs.send(new StopTaskCommand({ cluster: 'gateways', task: arn }));
    expect(statesOf(arn).at(-1)).toBe('STOPPED');
    expect(statesOf(arn)).not.toContain('RUNNING');
  });

  it('keeps the tags it was given, and is listed page by page', async () => {
    const tags = [{ key: 'switchroom:why', value: 'short' }];
    const arns = [arnOf(await run(undefined, { tags })), arnOf(await run())];
    const { tasks } = await ecs.send(
      new DescribeTasksCommand({ cluster: 'gateways', tasks: [arns[0] as string], include: ['TAGS'] }),
    );
    expect(tasks?.[0]?.tags).toEqual(tags);
    const listed: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ecs.send(new ListTasksCommand({ cluster: 'gateways', maxResults: 1, nextToken }));
      expect(page.taskArns?.length).toBeLessThanOrEqual(1);
      listed.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(listed).toEqual(expect.arrayContaining(arns));
  });
});

describe('a start that fails', () => {
  it('in one zone for want of capacity does not in another', async () => {
    fate = (subnets) => (subnets.includes('subnet-a') ? 'refused' : 'runs');
    const refused = await run(['subnet-a']);
    expect(refused).toMatchObject({ tasks: [], failures: [{ reason: expect.stringMatching(/^Capacity/) }] });
    expect((await run(['subnet-b'])).tasks).toHaveLength(1);
  });

  it('later tells why', async () => {
    fate = () => 'fails';
    const arn = arnOf(await run());
    await until('it has stopped', () => statesOf(arn).includes('STOPPED'));
    expect(events.findLast(({ detail }) => detail.taskArn === arn)?.detail).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(/^CannotPullContainerError/),
    });
  });

  it('for being one too many says so by name', async () => {
    fate = () => 'throttled';
    await expect(run()).rejects.toMatchObject({ name: 'ThrottlingException' });
  });

  it('for having no network is told what is missing', async () => {
    await expect(run([])).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

it('a failure rate is the share of starts that fail, half of them refused', () => {
  let drawn = 0;
  const { fate: of } = randomStarts({ fromMs: 0, toMs: 0 }, 0.5, () => {
    drawn += 1;
    return (drawn % 100) / 100;
  });
  const fates = Array.from({ length: 100 }, () => of([]));
  expect(fates.filter((one) => one === 'refused')).toHaveLength(25);
  expect(fates.filter((one) => one === 'fails')).toHaveLength(25);
});
