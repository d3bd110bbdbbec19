import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SynthesizedStack } from '../../../local/aws/assets/assets.ts';
import { authorizeFunctions } from '../../../local/aws/iam/execution-roles.ts';
import { resourceTypes } from '../../../local/aws/resource-types.ts';
import { type JsonObject, resolveTemplate, type Template } from '../../../local/aws/template.ts';
import { until } from '../../support/until.ts';
import { runChecks } from './checks.ts';
import { ControlPlane } from './control-plane.ts';
import {
  change,
  idsOf,
  type Mutation,
  theOne,
  without,
  withoutAll,
  withoutEachContainerVariable,
  withoutEachGrant,
  withoutEachVariable,
} from './mutations.ts';
import { realStack, type Subject, settings, startSubject } from './subject.ts';

/*
 * The checks that hold the template to what it must do are themselves held to notice: without each grant, each
 * variable, each rule they fail, and say which it is.
 */

let stack: SynthesizedStack;
/** One that runs, whose permissions are changed under it. */
let subject: Subject;

beforeAll(async () => {
  stack = await realStack();
  subject = await startSubject(stack, stack.template);
});
afterAll(() => subject?.stop());

const resolved = (template: Template) =>
  resolveTemplate(stack.name, template, resourceTypes(stack.name)).resources;

async function failureOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Runs the checks on a cloud of its own. */
async function failureOfStack({ template }: Pick<Mutation, 'template'>): Promise<string | undefined> {
  return failureOf(async () => {
    const mutated = await startSubject(stack, template);
    try {
      await runChecks(mutated.plane, settings);
    } finally {
      await mutated.stop();
    }
  });
}

/** Runs the checks on the cloud that runs, under the policies and for the tasks of another template. */
async function failureUnder({ template }: Pick<Mutation, 'template'>): Promise<string | undefined> {
  const { cloud } = subject.plane;
  const resources = resolved(template);
  const plane = new ControlPlane(cloud, resources);
  const failure = await failureOf(async () => {
    cloud.permissions.provision(resources);
    authorizeFunctions(resources, cloud.permissions);
    await runChecks(plane, settings);
  });
  cloud.permissions.provision(cloud.stack.resources);
  plane.close();
  await until('what was begun is done', () => cloud.functions.openEvents === 0);
  return failure;
}

/** @returns what should have been noticed and was not, or was noticed without being named */
async function unnoticed(
  mutations: readonly Mutation[],
  run: (mutation: Mutation) => Promise<string | undefined>,
): Promise<string[]> {
  const found: string[] = [];
  for (const mutation of mutations) {
    const failure = await run(mutation);
    if (failure === undefined) found.push(`${mutation.name}: not noticed`);
    else if (!mutation.names.every((name) => failure.includes(name))) {
      found.push(`${mutation.name}: noticed, but not named: ${failure}`);
    }
  }
  return found;
}

it('the template as it is passes them', async () => {
  expect(await failureUnder({ template: stack.template })).toBeUndefined();
});

/** Grants that nothing asks for here, and why they stand in the template. */
const unasked: Record<string, string> = {
  'secretsmanager:DescribeSecret': "comes with CDK's grantRead",
  'sqs:GetQueueAttributes': "comes with CDK's grantSendMessages",
  'sqs:GetQueueUrl': "comes with CDK's grantSendMessages",
  'ecs:GetTaskProtection': 'the edge sets its protection and never reads it; ECS documents both as needed',
};

const namedByOthers = [
  'AWS::DynamoDB::Table',
  'AWS::Lambda::Function',
  'AWS::Events::EventBus',
  'AWS::Events::Rule',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
  'AWS::ECS::Cluster',
  'AWS::ECS::TaskDefinition',
  'AWS::IAM::Role',
  'AWS::Logs::LogGroup',
];

describe('without', () => {
  it('any one grant, a check fails and names it', async () => {
    const grants = withoutEachGrant(stack.template).filter(({ action }) => !(action in unasked));
    expect(grants.length).toBeGreaterThan(40);
    expect(await unnoticed(grants, failureUnder)).toEqual([]);
  });

  it('any one variable of a container, a check fails and names it', async () => {
    const variables = withoutEachContainerVariable(stack.template);
    expect(variables.length).toBeGreaterThan(20);
    expect(await unnoticed(variables, failureUnder)).toEqual([]);
  });

  it('any one variable of a function, a check fails and names it', async () => {
    const variables = withoutEachVariable(stack.template).filter(
      // Its lack shows in stack traces alone.
      ({ names }) => !names.includes('NODE_OPTIONS'),
    );
    expect(variables.length).toBeGreaterThan(8);
    expect(await unnoticed(variables, failureOfStack)).toEqual([]);
  });

  it('any one permission to invoke a function, a check fails and names its rule', async () => {
    const permissions = idsOf(stack.template, 'AWS::Lambda::Permission').map((id) => {
      const source = stack.template.Resources[id]?.Properties?.SourceArn as { 'Fn::GetAtt': string[] };
      return {
        name: id,
        names: ['lambda:InvokeFunction', `rule/Switchroom-${source['Fn::GetAtt'][0]}`],
        template: without(stack.template, id),
      };
    });
    expect(permissions.length).toBeGreaterThan(1);
    expect(await unnoticed(permissions, failureUnder)).toEqual([]);
  });

  it('a resource that others name, nothing starts, and it is named', () => {
    const kept = Object.keys(stack.template.Resources).filter((id) => {
      try {
        resolved(without(stack.template, id));
        return true;
      } catch (error) {
        expect((error as Error).message).toContain(id);
        return false;
      }
    });
    const types = new Set(kept.map((id) => stack.template.Resources[id]?.Type));
    expect(namedByOthers.filter((type) => types.has(type))).toEqual([]);
  });

  it.each<[string, () => Mutation]>([
    ['the queue of dead letters', () => gone('AWS::SQS::Queue', 'DeadLetters', ['CallsTriggers'])],
    [
      'the rule of the facts of calls',
      () => gone('AWS::Events::Rule', 'CallsTriggersFacts', ['-facts', '-calls']),
    ],
    [
      'the rule of the facts of the fleet',
      () => gone('AWS::Events::Rule', 'FleetTriggersFacts', ['-facts', '-fleet']),
    ],
    [
      "the rule of the fleet's tasks",
      () => gone('AWS::Events::Rule', 'FleetTriggersTasks', ['Switchroom-fleet']),
    ],
    [
      'the schedule of calls',
      () => gone('AWS::Events::Rule', 'CallsTriggersEveryMinute', ['schedule', 'Switchroom-calls']),
    ],
    [
      'the schedule of the fleet',
      () => gone('AWS::Events::Rule', 'FleetTriggersEveryMinute', ['schedule', 'Switchroom-fleet']),
    ],
    [
      'the failure destination of calls',
      () => gone('AWS::Lambda::EventInvokeConfig', 'Calls', ['Switchroom-calls']),
    ],
    [
      'the failure destination of the fleet',
      () => gone('AWS::Lambda::EventInvokeConfig', 'Fleet', ['Switchroom-fleet']),
    ],
  ])('%s and all that names it, a check fails and names it', async (_what, mutation) => {
    expect(await unnoticed([mutation()], failureOfStack)).toEqual([]);
  });
});

function gone(type: string, part: string, names: string[]): Mutation {
  const id = theOne(stack.template, type, part);
  return { name: id, names, template: withoutAll(stack.template, id) };
}

describe('with', () => {
  const facts = (of: string) => theOne(stack.template, 'AWS::Events::Rule', `${of}TriggersFacts`);
  const table = () => theOne(stack.template, 'AWS::DynamoDB::Table');

  it.each(['Calls', 'Fleet'])('any one fact less for %s, a check fails and names it', async (of) => {
    const pattern = stack.template.Resources[facts(of)]?.Properties?.EventPattern as JsonObject;
    const types = pattern['detail-type'] as string[];
    const patterns = types.map((type) => ({
      name: type,
      names: ['Switchroom-facts', type, `Switchroom-${of.toLowerCase()}`],
      template: change(stack.template, facts(of), (properties) => {
        (properties.EventPattern as { 'detail-type': string[] })['detail-type'] = types.filter(
          (one) => one !== type,
        );
      }),
    }));
    expect(await unnoticed(patterns, failureOfStack)).toEqual([]);
  });

  it('facts of another source in the rule, a check fails and names the bus', async () => {
    const template = change(stack.template, facts('Calls'), (properties) => {
      (properties.EventPattern as { source: string[] }).source = ['switchroom.edges'];
    });
    expect(await failureOfStack({ template })).toMatch(/no rule of Switchroom-facts takes call.answered/);
  });

  it.each(['free', 'watch'])('the index %s under another name, a check fails and names it', async (index) => {
    const template = change(stack.template, table(), (properties) => {
      const found = (properties.GlobalSecondaryIndexes as { IndexName: string }[]).find(
        ({ IndexName }) => IndexName === index,
      );
      if (found) found.IndexName = `${index}s`;
    });
    expect(await failureOfStack({ template })).toMatch(new RegExp(`index.*${index}`));
  });

  it('another TTL attribute, a check fails and names the table', async () => {
    const template = change(stack.template, table(), (properties) => {
      properties.TimeToLiveSpecification = { AttributeName: 'expires', Enabled: true };
    });
    expect(await failureOfStack({ template })).toMatch(/Switchroom-StateTable.*TTL/);
  });
});
