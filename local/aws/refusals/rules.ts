import type { Resource } from '../template.ts';
import { cloudwatchAlarms } from './cloudwatch-alarms.ts';
import { ecsDependencies } from './ecs-dependencies.ts';
import { ecsDeploymentPercents } from './ecs-deployment-percents.ts';
import { ecsFargateDevices } from './ecs-fargate-devices.ts';
import { ecsFargateNetworkMode } from './ecs-fargate-network-mode.ts';
import { ecsFargateSizes } from './ecs-fargate-sizes.ts';
import { ecsHealthChecks } from './ecs-health-checks.ts';
import { ecsLoadBalancerPorts } from './ecs-load-balancer-ports.ts';
import { ecsRestartPolicy } from './ecs-restart-policy.ts';
import { ecsServiceNetwork } from './ecs-service-network.ts';
import { ecsStopTimeout } from './ecs-stop-timeout.ts';
import { ecsTargetGroups } from './ecs-target-groups.ts';
import { elbHealthChecks } from './elb-health-checks.ts';
import { elbListenerProtocols } from './elb-listener-protocols.ts';
import { elbNames } from './elb-names.ts';
import { elbSubnets } from './elb-subnets.ts';
import { elbTargetGroupAttributes } from './elb-target-group-attributes.ts';
import { eventsRules } from './events-rules.ts';
import { iamPolicies } from './iam-policies.ts';
import { lambdaEventSources } from './lambda-event-sources.ts';
import { lambdaFunctions } from './lambda-functions.ts';
import { lambdaQueueVisibility } from './lambda-queue-visibility.ts';
import { logsRetention } from './logs-retention.ts';
import { route53Records } from './route53-records.ts';
import type { Refusal, Rule } from './rule.ts';
import { securityGroupRules } from './security-group-rules.ts';
import { sqsQueues } from './sqs-queues.ts';

/** All that is known to be refused, each by its name. */
export const rules: Readonly<Record<string, Rule>> = {
  cloudwatchAlarms,
  ecsDependencies,
  ecsDeploymentPercents,
  ecsFargateDevices,
  ecsFargateNetworkMode,
  ecsFargateSizes,
  ecsHealthChecks,
  ecsLoadBalancerPorts,
  ecsRestartPolicy,
  ecsServiceNetwork,
  ecsStopTimeout,
  ecsTargetGroups,
  elbHealthChecks,
  elbListenerProtocols,
  elbNames,
  elbSubnets,
  elbTargetGroupAttributes,
  eventsRules,
  iamPolicies,
  lambdaEventSources,
  lambdaFunctions,
  lambdaQueueVisibility,
  logsRetention,
  route53Records,
  securityGroupRules,
  sqsQueues,
};

/** @returns what AWS refuses of these resources, with the name of the rule */
export function refusalsOf(resources: readonly Resource[]): (Refusal & { rule: string })[] {
  return Object.entries(rules).flatMap(([rule, { refuse }]) =>
    refuse(resources).map((refusal) => ({ ...refusal, rule })),
  );
}
