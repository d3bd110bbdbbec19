import { Stack } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { acknowledge, acknowledgeServicesOf, acknowledgeTasksOf } from '../acknowledge.ts';

/**
 * Lets an edge see to its own end: it is protected while it has calls, and where its service has a newer one it leaves
 * its target groups.
 */
export function grantLifeOfTask(role: IRole, cluster: Cluster, targetGroupArns: readonly string[]): void {
  const stack = Stack.of(cluster);
  // The ids of tasks are not known before they run; the cluster is.
  const inCluster = (resource: 'task' | 'service', actions: string[]) =>
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions,
        resources: [stack.formatArn({ service: 'ecs', resource, resourceName: `${cluster.clusterName}/*` })],
        conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
      }),
    );
  inCluster('task', ['ecs:GetTaskProtection', 'ecs:UpdateTaskProtection', 'ecs:DescribeTasks']);
  // Named by the cluster: a service names its task definition, whose role this is.
  inCluster('service', ['ecs:DescribeServices']);
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['elasticloadbalancing:DeregisterTargets'],
      resources: [...targetGroupArns],
    }),
  );
  role.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['elasticloadbalancing:DescribeTargetHealth'], resources: ['*'] }),
  );
  acknowledgeTasksOf(cluster, role);
  acknowledgeServicesOf(cluster, role);
  acknowledge(role, 'IAM5[Resource::*]', 'elasticloadbalancing:DescribeTargetHealth knows no resource');
}
