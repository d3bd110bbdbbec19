import { onEach, outside, type Rule } from './rule.ts';

const limits = {
  HealthCheckIntervalSeconds: [5, 300],
  HealthCheckTimeoutSeconds: [2, 120],
  HealthyThresholdCount: [2, 10],
  UnhealthyThresholdCount: [2, 10],
} as const;

/** The checks of a target group keep to bounds, and a datagram is no check. */
export const elbHealthChecks: Rule = {
  source: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html',
  refuse: onEach(['AWS::ElasticLoadBalancingV2::TargetGroup'], ({ properties }) => {
    if (['UDP', 'TCP_UDP'].includes(String(properties.HealthCheckProtocol)))
      return 'A health check is by HTTP, HTTPS or TCP.';
    return Object.entries(limits)
      .map(([name, bounds]) => outside(properties, name, bounds))
      .find((wrong) => wrong !== undefined);
  }),
};
