import { describe, expect, it } from 'vitest';
import { isAllowed, readStatement } from '../../../../local/aws/iam/policy.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';

const table = 'arn:aws:dynamodb:us-east-1:000000000000:table/T';
const task = 'arn:aws:ecs:us-east-1:000000000000:task/gateways/abc';
const allow = (more: JsonObject): JsonObject => ({ Effect: 'Allow', ...more });
const inCluster = allow({
  Action: 'ecs:StopTask',
  Resource: 'arn:aws:ecs:*:*:task/gateways/*',
  Condition: { ArnEquals: { 'ecs:cluster': 'arn:gateways' } },
});

describe('a policy', () => {
  it.each<[string, JsonObject[], Parameters<typeof isAllowed>[1], boolean]>([
    [
      'allows what it names',
      [allow({ Action: 'dynamodb:GetItem', Resource: table })],
      { action: 'dynamodb:GetItem', resource: table },
      true,
    ],
    [
      'allows one of several',
      [allow({ Action: ['dynamodb:PutItem', 'dynamodb:GetItem'], Resource: [table, 'x'] })],
      { action: 'dynamodb:GetItem', resource: table },
      true,
    ],
    [
      'refuses another action',
      [allow({ Action: 'dynamodb:GetItem', Resource: table })],
      { action: 'dynamodb:Query', resource: table },
      false,
    ],
    [
      'refuses another resource',
      [allow({ Action: 'dynamodb:Query', Resource: table })],
      { action: 'dynamodb:Query', resource: `${table}/index/free` },
      false,
    ],
    [
      'knows wildcards',
      [allow({ Action: 'dynamodb:*Item', Resource: `${table}/*` })],
      { action: 'dynamodb:GetItem', resource: `${table}/x` },
      true,
    ],
    [
      'denies before it allows',
      [allow({ Action: '*', Resource: '*' }), { Effect: 'Deny', Action: 'dynamodb:*', Resource: '*' }],
      { action: 'dynamodb:Scan', resource: table },
      false,
    ],
    [
      'allows under its condition',
      [inCluster],
      { action: 'ecs:StopTask', resource: task, context: { 'ecs:cluster': 'arn:gateways' } },
      true,
    ],
    [
      'refuses outside of its condition',
      [inCluster],
      { action: 'ecs:StopTask', resource: task, context: { 'ecs:cluster': 'arn:others' } },
      false,
    ],
    [
      'refuses where its condition cannot be told',
      [inCluster],
      { action: 'ecs:StopTask', resource: task },
      false,
    ],
    [
      'allows all but what NotAction names',
      [allow({ NotAction: 'ecs:*', Resource: '*' })],
      { action: 'dynamodb:Scan', resource: table },
      true,
    ],
    [
      'does not allow what NotAction names',
      [allow({ NotAction: 'ecs:*', Resource: '*' })],
      { action: 'ecs:StopTask', resource: task },
      false,
    ],
    [
      'denies all but what NotResource names',
      [allow({ Action: '*', Resource: '*' }), { Effect: 'Deny', Action: '*', NotResource: table }],
      { action: 'ecs:StopTask', resource: task },
      false,
    ],
    [
      'takes StringEquals by the letter',
      [
        allow({
          Action: '*',
          Resource: '*',
          Condition: { StringEquals: { 'iam:PassedToService': 'ecs-*' } },
        }),
      ],
      { action: 'iam:PassRole', resource: 'r', context: { 'iam:PassedToService': 'ecs-tasks' } },
      false,
    ],
    ['allows nothing by saying nothing', [], { action: 'ecs:StopTask', resource: task }, false],
  ])('%s', (_what, statements, needed, allowed) => {
    expect(
      isAllowed(
        statements.map((one) => readStatement('P', one)),
        needed,
      ),
    ).toBe(allowed);
  });

  it.each<[string, JsonObject]>([
    ['Principal', allow({ Action: '*', Resource: '*', Principal: '*' })],
    ['either Action or NotAction', allow({ Action: '*', NotAction: 'ecs:*', Resource: '*' })],
    ['either Resource or NotResource', allow({ Action: '*' })],
    ['StringNotEquals', allow({ Action: '*', Resource: '*', Condition: { StringNotEquals: { a: 'b' } } })],
    ['Null', allow({ Action: '*', Resource: '*', Condition: { Null: { 'ecs:cluster': 'true' } } })],
  ])('names %s, which is not played', (part, statement) => {
    expect(() => readStatement('ThePolicy', statement)).toThrow(new RegExp(`ThePolicy.*${part}`));
  });
});
