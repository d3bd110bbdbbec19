import { type CfnElement, Stack, Validations } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';

/**
 * Lets a finding of cdk-nag stand.
 * @param construct where it is found, or what that belongs to
 * @param rule its name in cdk-nag's AwsSolutions pack, e.g. `VPC7`
 * @param reason why it is right as it is
 */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}

export const settingsInEnvironment = 'Settings, none of them secret: secrets come from Secrets Manager';
export const noContainerInsights = 'They cost by the task and hour; our own metrics tell what matters';

const wildcard = (resource: string) => `IAM5[Resource::${resource}]`;

/** Lets the role that starts a task log in to the registry of images. */
export function acknowledgeRegistryLogin(taskDefinition: IConstruct): void {
  acknowledge(taskDefinition, wildcard('*'), 'ecr:GetAuthorizationToken has no resource to name');
}

/** Lets a role act on any task of a cluster. */
export function acknowledgeTasksOf(cluster: Cluster, role: IConstruct): void {
  const reason = 'The ids of tasks are not known before they run; the cluster is';
  acknowledge(role, wildcard(arnPattern(cluster, 'task')), reason);
}

/** Lets a role act on any service of a cluster. */
export function acknowledgeServicesOf(cluster: Cluster, role: IConstruct): void {
  const reason =
    'A service names its task definition, so its role cannot name the service; it names the cluster';
  acknowledge(role, wildcard(arnPattern(cluster, 'service')), reason);
}

/** As cdk-nag writes it. */
function arnPattern(cluster: Cluster, resource: 'task' | 'service'): string {
  const id = Stack.of(cluster).getLogicalId(cluster.node.defaultChild as CfnElement);
  return `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:${resource}/<${id}>/*`;
}

/** Lets a role start any revision of a task definition. */
export function acknowledgeRevisionsOf(family: string, role: IConstruct): void {
  acknowledge(
    role,
    wildcard(`arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition/${family}:*`),
    'In an update the next revision is started before the policy could name it',
  );
}
