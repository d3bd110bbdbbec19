import { onEach, type Rule } from './rule.ts';

/** A load balancer, and a target group, has a name of 32 characters at most. */
export const elbNames: Rule = {
  source:
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html (Name)',
  refuse: onEach(
    ['AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::ElasticLoadBalancingV2::TargetGroup'],
    ({ properties: { Name } }) =>
      Name === undefined || /^(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/.test(String(Name))
        ? undefined
        : `The name '${Name}' must be 1 to 32 letters, digits and hyphens, none of these at its ends.`,
  ),
};
