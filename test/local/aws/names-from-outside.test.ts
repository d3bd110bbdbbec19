import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedHeaders } from '../../../command-line/sigv4.ts';
import { replaces } from '../../../local/aws/cloudformation/replacement.ts';
import { compilePattern } from '../../../local/aws/events/pattern.ts';
import { readStatement } from '../../../local/aws/iam/policy.ts';
import { resourceTypes } from '../../../local/aws/resource-types.ts';
import { parameterValue } from '../../../local/aws/ssm.ts';
import { type JsonObject, resolveTemplate } from '../../../local/aws/template.ts';
import { type EmptyTestCloud, startEmptyTestCloud } from './test-cloud.ts';

/* Every object of JavaScript has these names: whoever sends one must hear that it is not known. */

let cloud: EmptyTestCloud;
beforeAll(async () => {
  cloud = await startEmptyTestCloud();
});
afterAll(() => cloud?.close());

async function answerTo(headers: Record<string, string>, body: string): Promise<string> {
  const signer = { service: 'any', region: 'us-east-1', credentials: cloud.credentialsOf() };
  const signed = await signedHeaders(signer, 'POST', new URL(cloud.endpoint), body, headers);
  const response = await fetch(cloud.endpoint, { method: 'POST', headers: signed, body });
  return `${response.status} ${await response.text()}`;
}

const form = (fields: Record<string, string>) =>
  answerTo({ 'content-type': 'application/x-www-form-urlencoded' }, new URLSearchParams(fields).toString());

const sts = { Action: 'GetCallerIdentity', Version: '2011-06-15' };

describe.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])('%s', (name) => {
  it('is no operation', async () => {
    expect(await answerTo({ 'x-amz-target': name }, '{}')).toMatch(/^400 .*UnknownOperationException/);
  });

  it('is no action, no version of a service, and a parameter without effect', async () => {
    expect(await form({ ...sts, Action: name })).toMatch(/^400 .*InvalidAction/s);
    expect(await form({ ...sts, Version: name })).toMatch(/^400 .*InvalidAction/s);
    expect(await form({ ...sts, [name]: 'x', [`${name}.a`]: 'x' })).toMatch(/^(200|400) /);
  });

  it('is no type, no reference and no attribute in a template', () => {
    const resolve = (resource: { Type: string; Properties?: JsonObject }) => () =>
      resolveTemplate(
        'Test',
        { Resources: { Bus: { Type: 'AWS::Events::EventBus' }, It: resource } },
        resourceTypes('Test'),
      );
    const holding = (value: JsonObject) => resolve({ Type: 'AWS::IAM::Policy', Properties: { value } });
    expect(resolve({ Type: name })).toThrow(/does not know resource type/);
    expect(holding({ Ref: name })).toThrow(/refers to/);
    expect(holding({ 'Fn::GetAtt': ['Bus', name] })).toThrow(/does not know attribute/);
    expect(holding({ 'Fn::Sub': [`\${${name}}`, {}] })).toThrow(/refers to/);
    expect(replaces(name, 'Name')).toBe(false);
  });

  it('is no operator of an event pattern, no condition of a policy, no stored parameter', () => {
    expect(() => compilePattern({ source: [Object.fromEntries([[name, 1]])] })).toThrow(/does not know/);
    expect(() => compilePattern({ source: [{ numeric: [name, 1] }] })).toThrow(/odd numeric/);
    const statement = { Effect: 'Allow', Action: 'a', Resource: '*' };
    const condition = Object.fromEntries([[name, { key: 'x' }]]);
    expect(() => readStatement('here', { ...statement, Condition: condition })).toThrow(/does not know/);
    expect(parameterValue(name)).toBeUndefined();
  });
});

it.each([
  ['text and an object', 'A=1&A.B=1'],
  ['a list and an object', 'A.member.1=x&A.length=4000000000'],
  ['text and a list', 'A=1&A.member.1=x'],
  ['text in a list and an object', 'A.member.1=1&A.member.1.B=1'],
])('a form in which one name is %s is refused', async (_what, fields) => {
  const body = `${new URLSearchParams(sts)}&${fields}`;
  const answer = await answerTo({ 'content-type': 'application/x-www-form-urlencoded' }, body);
  expect(answer).toMatch(/^400 .*ValidationError/s);
});
