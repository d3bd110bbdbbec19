import { describe, expect, it } from 'vitest';
import { synthesize } from './synth.ts';

const template = synthesize();

interface Statement {
  Action: string | string[];
  Resource: unknown;
  Effect: string;
  Condition?: unknown;
}

const statements = Object.entries(template.findResources('AWS::IAM::Policy')).flatMap(([id, policy]) =>
  (policy.Properties.PolicyDocument.Statement as Statement[]).map((statement) => ({ id, ...statement })),
);
const actionsOf = (role: string) =>
  statements.filter(({ id }) => id.includes(role)).flatMap(({ Action }) => Action);

describe('permissions', () => {
  it('name every action', () => {
    expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
  });

  it('name every resource, but for the tasks of our own cluster', () => {
    const open = statements.filter(({ Resource }) => JSON.stringify(Resource).includes('*'));
    // A registry login, a trace and a target's health have no resource to name; a list of tasks has its cluster as a
    // condition.
    const without = [
      'ecr:GetAuthorizationToken',
      'ecs:ListTasks',
      'elasticloadbalancing:DescribeTargetHealth',
      'xray:PutTraceSegments',
      'xray:PutTelemetryRecords',
    ];
    const explained = open.filter(({ Action }) => [Action].flat().some((one) => !without.includes(one)));
    const clusters: Record<string, string> = {
      'ecs:StopTask': 'GatewaysCluster',
      'ecs:DescribeTasks': 'GatewaysCluster',
      'ecs:RunTask': 'GatewaysCluster',
      'ecs:TagResource': 'GatewaysCluster',
      'ecs:GetTaskProtection': 'EdgeCluster',
      'ecs:UpdateTaskProtection': 'EdgeCluster',
      'ecs:DescribeServices': 'EdgeCluster',
    };
    expect(new Set(explained.flatMap(({ Action }) => Action))).toEqual(new Set(Object.keys(clusters)));
    for (const { Action, Resource, Condition } of explained) {
      const cluster = clusters[[Action].flat()[0] as string];
      // Those to come are named by their cluster, or by their definition's family.
      const toCome =
        Action === 'ecs:RunTask'
          ? /:task-definition\/Switchroom-gateway:\*"/
          : new RegExp(`:(task|service)/.*${cluster}.*"/\\*"`);
      expect(JSON.stringify(Resource)).toMatch(toCome);
      const inCluster = { ArnEquals: { 'ecs:cluster': expect.anything() } };
      const asItRuns = { StringEquals: { 'ecs:CreateAction': 'RunTask' } };
      expect(Condition).toEqual(Action === 'ecs:TagResource' ? asItRuns : inCluster);
    }
  });

  it('give no function a managed policy', () => {
    for (const role of Object.values(template.findResources('AWS::IAM::Role'))) {
      expect(role.Properties.ManagedPolicyArns ?? []).toEqual([]);
    }
  });

  it('let the fleet start gateways of this definition in this cluster, and hand on their two roles alone', () => {
    const ofFleet = statements.filter(({ id }) => id.includes('FunctionsFleet'));
    const find = (action: string) => ofFleet.find(({ Action }) => [Action].flat().includes(action));
    expect(JSON.stringify(find('ecs:RunTask')?.Resource)).toContain(':task-definition/Switchroom-gateway:*');
    expect(find('ecs:RunTask')?.Condition).toHaveProperty(['ArnEquals', 'ecs:cluster']);
    expect(find('ecs:ListTasks')?.Condition).toHaveProperty(['ArnEquals', 'ecs:cluster']);
    const passed = find('iam:PassRole');
    expect(JSON.stringify(passed?.Resource).match(/GatewaysTask\w*Role/g)).toHaveLength(2);
    expect(passed?.Condition).toEqual({
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    });
  });

  it('let only calls, fleet and the API stop tasks, only the fleet start them, and let the API delete nothing', () => {
    for (const one of ['FunctionsCalls', 'FunctionsFleet', 'OperatorsApi']) {
      expect(actionsOf(one)).toContain('ecs:StopTask');
    }
    expect(statements.filter(({ Action }) => Action === 'ecs:RunTask')).toHaveLength(1);
    for (const other of ['Register', 'Allocate']) {
      expect(actionsOf(`Functions${other}`)).not.toContain('ecs:StopTask');
    }
    const writes = actionsOf('OperatorsApi').filter((action) => /Put|Update|Delete/.test(action));
    expect(writes.filter((action) => !action.startsWith('xray:')).toSorted()).toEqual([
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'events:PutEvents',
      'logs:PutLogEvents',
    ]);
  });
});
