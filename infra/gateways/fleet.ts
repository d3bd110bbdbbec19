import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { acknowledge, acknowledgeRevisionsOf, acknowledgeTasksOf } from '../acknowledge.ts';
import type { Settings } from '../settings.ts';
import { freeIndexName, readAndWrite, type StateTable, watchIndexName } from '../table.ts';
import type { Gateways } from './gateways.ts';
import { poolPolicy } from './pool-policy.ts';

/** The variables of the `fleet` function (docs/architecture.md) beside those that others have as well. */
export function fleetEnvironment(settings: Settings, gateways: Gateways): Record<string, string> {
  return {
    CLUSTER: gateways.cluster.clusterName,
    TASK_DEFINITION: gateways.taskDefinition.taskDefinitionArn,
    CAPACITY_PROVIDER: gateways.capacityProvider,
    SUBNETS: gateways.subnetIds.join(','),
    SECURITY_GROUPS: gateways.securityGroupIds.join(','),
    GATEWAY_NAME: settings.gatewayName,
    GATEWAY_ID: gateways.gatewayId,
    AFTER_CALL: settings.afterCall,
    EDGE_LOST_GRACE_SEC: String(settings.edgeLostGraceSec),
    POOL_POLICY: poolPolicy(settings),
    POOL_MAX: String(settings.poolMax),
    POOL_TIME_ZONE: settings.poolTimeZone,
    POOL_START_SEC: String(settings.poolStartSec),
  };
}

/** Lets the function start, see and stop gateways of this cluster, of this definition: nothing else. */
export function grantFleet(fleet: lambda.Function, table: StateTable, gateways: Gateways): void {
  table.grant(fleet, [...readAndWrite, 'ConditionCheckItem'], [freeIndexName, watchIndexName]);
  const { cluster, taskDefinition, taskDefinitionArns, taskArns } = gateways;
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
  const allow = (actions: string[], resources: string[], conditions: Record<string, unknown>) =>
    fleet.addToRolePolicy(new PolicyStatement({ effect: Effect.ALLOW, actions, resources, conditions }));
  // Of any revision: while an update goes on, function and policy name different ones for some seconds.
  allow(['ecs:RunTask'], [taskDefinitionArns], inCluster);
  allow(['ecs:StopTask', 'ecs:DescribeTasks'], [taskArns], inCluster);
  // It is told the cluster by a condition: the only resource that it knows is an instance.
  allow(['ecs:ListTasks'], ['*'], inCluster);
  allow(['ecs:TagResource'], [taskArns], { StringEquals: { 'ecs:CreateAction': 'RunTask' } });
  allow(['iam:PassRole'], [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn], {
    StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  });
  if (fleet.role === undefined) return;
  acknowledgeTasksOf(cluster, fleet.role);
  acknowledgeRevisionsOf(taskDefinition.family, fleet.role);
  acknowledge(fleet.role, 'IAM5[Resource::*]', 'ecs:ListTasks names no task; its condition is the cluster');
}
