import { listIn, ofType, type Rule } from './rule.ts';

/** Listener → target groups it may forward to. */
const forwards: Record<string, readonly string[]> = {
  TCP: ['TCP', 'TCP_UDP'],
  TLS: ['TCP', 'TLS'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
};

/** A listener's target group takes its protocol, and is no other listener's of another load balancer. */
export const elbListenerProtocols: Rule = {
  source:
    'https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html, https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html',
  refuse: (resources) => {
    const usedBy = new Map<unknown, unknown>();
    return ofType(resources, 'AWS::ElasticLoadBalancingV2::Listener').flatMap(({ logicalId, properties }) =>
      listIn(properties.DefaultActions).flatMap(({ TargetGroupArn }) => {
        const group = resources.find(({ ref }) => ref === TargetGroupArn);
        const other = usedBy.get(TargetGroupArn) ?? properties.LoadBalancerArn;
        usedBy.set(TargetGroupArn, other);
        const { Protocol } = group?.properties ?? {};
        const takes = forwards[String(properties.Protocol)] ?? [];
        if (group && !takes.includes(String(Protocol)))
          return [
            {
              logicalId,
              says: `Listener protocol '${properties.Protocol}' is not compatible with target group protocol '${Protocol}'.`,
            },
          ];
        if (other === properties.LoadBalancerArn) return [];
        return [
          {
            logicalId,
            says: `The target group ${TargetGroupArn} cannot be associated with more than one load balancer.`,
          },
        ];
      }),
    );
  },
};
