import { describe, expect, it } from 'vitest';
import { neededFor } from '../../../../local/aws/iam/needed.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';

/* Which permissions a request needs, as AWS's service authorization reference says it. */

const account = 'us-east-1:000000000000';
const table = `arn:aws:dynamodb:${account}:table/T`;
const definition = {
  arn: `arn:aws:ecs:${account}:task-definition/gateway:1`,
  taskRole: 'arn:aws:iam::000000000000:role/task',
  executionRole: 'arn:aws:iam::000000000000:role/execution',
};
const stack = {
  taskDefinition: (id: string) => (id.includes('gateway') ? definition : undefined),
};

const needed = (target: string, request: JsonObject) => neededFor(target, request, stack);
const inTable = (operation: string, request: JsonObject) =>
  needed(`DynamoDB_20120810.${operation}`, request).map(({ action, resource }) => [action, resource]);

describe('a request for the table needs', () => {
  it('of a query by an index: the query of that index, not of the table', () => {
    expect(inTable('Query', { TableName: 'T', IndexName: 'free' })).toEqual([
      ['dynamodb:Query', `${table}/index/free`],
    ]);
  });

  it('of a transaction: the action of each part', () => {
    const parts = ['Put', 'Update', 'Delete', 'ConditionCheck'].map((part) => ({
      [part]: { TableName: 'T' },
    }));
    expect(inTable('TransactWriteItems', { TransactItems: parts })).toEqual(
      ['PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'].map((action) => [
        `dynamodb:${action}`,
        table,
      ]),
    );
  });

  it('of a batch: its own action on each table', () => {
    expect(inTable('BatchGetItem', { RequestItems: { T: {}, U: {} } })).toEqual([
      ['dynamodb:BatchGetItem', table],
      ['dynamodb:BatchGetItem', `arn:aws:dynamodb:${account}:table/U`],
    ]);
  });
});

describe('RunTask needs', () => {
  const run = (request: JsonObject) =>
    needed('AmazonEC2ContainerServiceV20141113.RunTask', { cluster: 'c', ...request });
  const passed = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };

  it('the task definition in the cluster, and to pass both of its roles to ECS', () => {
    const inCluster = { 'ecs:cluster': `arn:aws:ecs:${account}:cluster/c` };
    expect(run({ taskDefinition: 'gateway' })).toEqual([
      { action: 'ecs:RunTask', resource: definition.arn, context: inCluster },
      { action: 'iam:PassRole', resource: definition.taskRole, context: passed },
      { action: 'iam:PassRole', resource: definition.executionRole, context: passed },
    ]);
  });

  it('to pass the roles that it names instead', () => {
    const roles = run({ taskDefinition: 'gateway', overrides: { taskRoleArn: 'arn:other' } })
      .filter(({ action }) => action === 'iam:PassRole')
      .map(({ resource }) => resource);
    expect(roles).toEqual(['arn:other', definition.executionRole]);
  });

  it('to tag what it tags', () => {
    const tags = [{ key: 'a', value: 'b' }];
    expect(run({ taskDefinition: 'gateway', tags }).at(-1)).toMatchObject({
      action: 'ecs:TagResource',
      context: { 'ecs:CreateAction': 'RunTask' },
    });
  });
});

it('an operation of which no permission is known is refused by name, not let through', () => {
  expect(() => needed('AmazonSSM.PutParameter', {})).toThrow(/AmazonSSM.PutParameter/);
});
