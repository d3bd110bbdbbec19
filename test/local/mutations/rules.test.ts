import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../local/aws/template.ts';
import { change, type Mutation, theOne, without, withoutAll } from './mutations.ts';
import { Noticing } from './noticing.ts';

/* As grants.test.ts: without each rule, queue and index, or with a wrong one, the checks fail, and say which it is. */

let noticing: Noticing;
beforeAll(async () => {
  noticing = await Noticing.start();
});
afterAll(() => noticing?.close());

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
  it('a resource that others name, nothing starts, and it is named', () => {
    const { template } = noticing.stack;
    const started = Object.entries(template.Resources)
      .filter(([, { Type }]) => namedByOthers.includes(Type))
      .map(([id]) => ({ id, refusal: noticing.refusal(without(template, id)) }))
      .filter(({ id, refusal }) => refusal?.includes(id) !== true);
    expect(started).toEqual([]);
  });

  it.each<[string, () => Mutation]>([
    [
      'the dead letters of calls',
      () =>
        gone(
          'AWS::SQS::Queue',
          'CallsTriggersFactQueueDeadLetters',
          ['CallsTriggers'],
          ['keeps in Switchroom-calls'],
        ),
    ],
    [
      'the dead letters of the fleet',
      () =>
        gone(
          'AWS::SQS::Queue',
          'FleetTriggersFactQueueDeadLetters',
          ['FleetTriggers'],
          ['keeps in Switchroom-fleet'],
        ),
    ],
    [
      'what gives the facts of calls to their function',
      () => gone('AWS::Lambda::EventSourceMapping', 'Calls', ['Switchroom-calls'], ['tells call.ended']),
    ],
    [
      'what gives the facts of the fleet to its function',
      () => gone('AWS::Lambda::EventSourceMapping', 'Fleet', ['Switchroom-fleet'], ['tells call.offered']),
    ],
    [
      'the rule of calls that begin to wait',
      () =>
        gone(
          'AWS::Events::Rule',
          'FleetTriggersWaiting',
          ['-facts', 'function:Switchroom-fleet'],
          ['tells call.waiting'],
        ),
    ],
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
      'the rule of what operators do',
      () =>
        gone(
          'AWS::Events::Rule',
          'OrdersTrigger',
          ['operator.acted', 'Switchroom-fleet'],
          ['tells operator.acted'],
        ),
    ],
    [
      'the rule of the records of calls',
      () =>
        gone('AWS::Events::Rule', 'RecordsRule', ['call.record', 'deliverystream'], ['firehose:PutRecord']),
    ],
    [
      'the rule of what the receiver of facts is sent',
      () =>
        gone(
          'AWS::Events::Rule',
          'WebhookRule',
          ['call.record', 'api-destination'],
          ['events:InvokeApiDestination'],
        ),
    ],
    [
      'the schedule of calls',
      () => gone('AWS::Events::Rule', 'CallsTriggersEveryMinute', ['schedule', 'Switchroom-calls']),
    ],
    [
      'the schedule of the fleet',
      () => gone('AWS::Events::Rule', 'FleetTriggersEveryMinute', ['schedule', 'Switchroom-fleet']),
    ],
  ])('%s and all that names it, a check fails and names it', async (_what, mutation) => {
    expect(await noticing.unnoticed([mutation()])).toEqual([]);
  });
});

/** @param uses what a check uses that notices it, where that is not the name of the resource itself */
function gone(type: string, part: string, names: string[], uses?: string[]): Mutation {
  const id = theOne(noticing.stack.template, type, part);
  return { name: id, names, uses: uses ?? [`-${id}`], template: withoutAll(noticing.stack.template, id) };
}

describe('with', () => {
  const facts = (of: string) => theOne(noticing.stack.template, 'AWS::Events::Rule', `${of}TriggersFacts`);
  const table = () => theOne(noticing.stack.template, 'AWS::DynamoDB::Table');

  it.each(['Calls', 'Fleet'])('any one fact less for %s, a check fails and names it', async (of) => {
    const pattern = noticing.stack.template.Resources[facts(of)]?.Properties?.EventPattern as JsonObject;
    const types = pattern['detail-type'] as string[];
    const patterns = types.map((type) => ({
      name: type,
      names: ['Switchroom-facts', type, `Switchroom-${of.toLowerCase()}`],
      uses: [`tells ${type}`],
      template: change(noticing.stack.template, facts(of), (properties) => {
        (properties.EventPattern as { 'detail-type': string[] })['detail-type'] = types.filter(
          (one) => one !== type,
        );
      }),
    }));
    expect(await noticing.unnoticed(patterns)).toEqual([]);
  });

  it('facts of another source in the rule, a check fails and names the bus', async () => {
    const template = change(noticing.stack.template, facts('Calls'), (properties) => {
      (properties.EventPattern as { source: string[] }).source = ['switchroom.edges'];
    });
    const names = ['no rule of Switchroom-facts takes', ':Switchroom-calls'];
    const mutation = { name: 'source', names, uses: ['tells call.answered'], template };
    expect(await noticing.unnoticed([mutation])).toEqual([]);
  });

  it.each(['free', 'watch'])('the index %s under another name, a check fails and names it', async (index) => {
    const template = change(noticing.stack.template, table(), (properties) => {
      const found = (properties.GlobalSecondaryIndexes as { IndexName: string }[]).find(
        ({ IndexName }) => IndexName === index,
      );
      if (found) found.IndexName = `${index}s`;
    });
    const mutation = { name: index, names: [], uses: [`/index/${index}`], template };
    expect(await noticing.failureFromScratch(mutation)).toMatch(new RegExp(`index.*${index}`));
  });

  it('another TTL attribute, a check fails and names the table', async () => {
    const template = change(noticing.stack.template, table(), (properties) => {
      properties.TimeToLiveSpecification = { AttributeName: 'expires', Enabled: true };
    });
    const mutation = { name: 'TTL', names: [], uses: [], template };
    expect(await noticing.failureFromScratch(mutation)).toMatch(/Switchroom-StateTable.*TTL/);
  });
});
