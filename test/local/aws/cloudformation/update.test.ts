import { afterEach, describe, expect, it } from 'vitest';
import type { SynthesizedStack } from '../../../../local/aws/assets/assets.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';
import { until } from '../../../support/until.ts';
import { functionResource, stackOf, startTestCloud, type TestCloud, taskResource } from '../test-cloud.ts';

/* What a second deployment leaves alone, and what becomes of work that is under way. */

let cloud: TestCloud;

afterEach(() => cloud?.close());

const probe = (properties: JsonObject = {}) =>
  functionResource('probe', { FunctionName: 'probe', ...properties });
const colour = (COLOUR: string) => ({ Environment: { Variables: { COLOUR } } });

async function ask(event: object): Promise<JsonObject> {
  const result = await cloud.functions.invoke('probe', JSON.stringify(event));
  if (result.kind !== 'answer') throw new Error(JSON.stringify(result));
  return JSON.parse(result.payload);
}

const deploy = (resources: Parameters<typeof stackOf>[0]) => cloud.deploy(stackOf(resources));

describe('a second deployment', () => {
  it('leaves a function that is as it was with its environment', async () => {
    cloud = await startTestCloud({ Probe: probe() });
    expect(await ask({})).toMatchObject({ served: 1 });
    await deploy({ Probe: probe(), Queue: { Type: 'AWS::SQS::Queue' } });
    expect(await ask({})).toMatchObject({ served: 2 });
  });

  it('gives a changed function new environments, and lets the old ones finish', async () => {
    cloud = await startTestCloud({ Probe: probe(colour('red')) });
    await cloud.functions.warm();
    const underWay = ask({ do: 'sleep', ms: 400 });
    await deploy({ Probe: probe(colour('blue')) });
    expect(await ask({ do: 'environment' })).toMatchObject({ COLOUR: 'blue' });
    expect(await underWay).toEqual({ served: 1 });
  });

  it('does not know a function any more that the template has not', async () => {
    cloud = await startTestCloud({ Probe: probe() });
    const underWay = ask({ do: 'sleep', ms: 300 });
    await deploy({});
    await expect(ask({})).rejects.toThrow(/Function not found/);
    expect(await underWay).toEqual({ served: 1 });
  });

  it('lets those who watch the buses see the events of new rules', async () => {
    cloud = await startTestCloud({ Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'facts' } } });
    const seen: string[] = [];
    cloud.buses.observe(({ source }) => seen.push(source));
    const rule = {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventBusName: 'facts',
        EventPattern: { source: ['a'] },
        Targets: [{ Id: 'probe', Arn: { 'Fn::GetAtt': ['Probe', 'Arn'] } }],
      },
    };
    await deploy({
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'facts' } },
      Probe: probe(),
      Rule: rule,
    });
    cloud.buses.putEvents([{ Source: 'a', DetailType: 'b', Detail: '{}', EventBusName: 'facts' }], 100);
    expect(seen).toEqual(['a']);
    await until('the function has had it', async () => Number((await ask({})).served) > 1);
  });

  it('stops the tasks of a cluster that is gone, and leaves the others running', async () => {
    const resources = {
      One: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'one' } },
      Task: taskResource('polite'),
    };
    const two = { Two: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'two' } } };
    cloud = await startTestCloud({ ...resources, ...two });
    const run = (cluster: string) => {
      const { tasks } = cloud.tasks.runTask({ cluster, taskDefinition: 'polite' });
      return String(tasks[0]?.taskArn).split('/').at(-1) ?? '';
    };
    const [staying, leaving] = [run('one'), run('two')];
    await deploy(resources);
    await until('the task is stopped', () => cloud.tasks.find(leaving)?.lastStatus === 'STOPPED');
    expect(cloud.tasks.find(leaving)?.stoppedReason).toBe('The cluster was deleted');
    expect(cloud.tasks.find(staying)).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
  });

  it('that fails leaves all as it was', async () => {
    cloud = await startTestCloud({ Probe: probe(colour('red')) });
    expect(await ask({})).toMatchObject({ served: 1 });
    const broken: SynthesizedStack = stackOf({
      Probe: probe(colour('blue')),
      Wrong: functionResource('probe', { Runtime: 'python3.14' }),
    });
    await expect(cloud.deploy(broken)).rejects.toThrow(/Wrong: .*does not run python3.14/);
    expect(await ask({ do: 'environment' })).toMatchObject({ COLOUR: 'red' });
    expect(await ask({})).toMatchObject({ served: 3 });
  });
});
