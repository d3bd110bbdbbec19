import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../local/aws/template.ts';
import { functionResource, mayInvoke, maySend, startTestCloud, type TestCloud } from '../test-cloud.ts';

/* Who may use a function or a queue without a role of our own: EventBridge, by the policy of what it uses. */

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const maySendHere = (statement: JsonObject = {}) => maySend('Letters', 'Rule', statement);

const base = {
  Letters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'letters' } },
  Calls: functionResource('probe'),
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: ['test'] },
      Targets: [{ Id: 'T', Arn: arnOf('Calls'), DeadLetterConfig: { Arn: arnOf('Letters') } }],
    },
  },
};

let cloud: TestCloud;
afterEach(() => cloud.close());

/** @returns what came into the queue, and what was refused on the way */
async function deliver(resources: object) {
  cloud = await startTestCloud({ ...base, ...resources });
  const letters: JsonObject[] = [];
  const denials: string[] = [];
  cloud.queues.observeLetters((_queue, letter) => letters.push(JSON.parse(letter)));
  cloud.permissions.observe((denial) => denials.push(denial));
  cloud.buses.publish('test', 'anything', { do: 'print', text: 'delivered' });
  return { letters, denials };
}

describe('an event whose rule may not invoke the function', () => {
  it('goes to the dead letters of the rule', async () => {
    const { letters, denials } = await deliver({ MaySend: maySendHere() });
    expect(letters).toMatchObject([{ source: 'test' }]);
    const [kept] = readFileSync(join(cloud.dir, 'queues/letters.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(kept ?? '')).toMatchObject({ attributes: { ERROR_CODE: 'AccessDeniedException' } });
    expect(denials).toEqual([expect.stringMatching(/rule\/Test-Rule.*lambda:InvokeFunction.*Test-Calls/)]);
  });

  it('goes there too where another rule may', async () => {
    const OtherMay = mayInvoke(arnOf('Calls'), 'Other');
    expect((await deliver({ MaySend: maySendHere(), Other: base.Rule, OtherMay })).letters).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['no policy', {}],
    [
      'a policy for another rule',
      { MaySend: maySendHere({ Condition: { ArnEquals: { 'aws:SourceArn': 'x' } } }) },
    ],
    [
      'a policy for another service',
      { MaySend: maySendHere({ Principal: { Service: 'sns.amazonaws.com' } }) },
    ],
    [
      'a policy that denies',
      { MaySend: maySendHere(), Deny: maySendHere({ Effect: 'Deny', Principal: '*' }) },
    ],
  ])('is lost where the queue has %s, and that is told', async (_what, policy) => {
    const { letters, denials } = await deliver(policy);
    expect(letters).toEqual([]);
    expect(denials.at(-1)).toMatch(/rule\/Test-Rule.*sqs:SendMessage.*letters/);
  });
});

describe('an event whose rule may invoke the function', () => {
  it('is delivered', async () => {
    const { letters, denials } = await deliver({ MayInvoke: mayInvoke(arnOf('Calls'), 'Rule') });
    await expect
      .poll(() => readFileSync(join(cloud.dir, 'logs/Test-Calls.log'), 'utf8'))
      .toContain('delivered');
    expect({ letters, denials }).toEqual({ letters: [], denials: [] });
  });
});
