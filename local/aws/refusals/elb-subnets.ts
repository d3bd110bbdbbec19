import { listIn, ofType, type Rule } from './rule.ts';

/** A load balancer has one subnet a zone, and static addresses only where it faces the internet. */
export const elbSubnets: Rule = {
  source: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SubnetMapping.html',
  refuse: (resources) =>
    ofType(resources, 'AWS::ElasticLoadBalancingV2::LoadBalancer').flatMap(({ logicalId, properties }) => {
      const mappings = listIn(properties.SubnetMappings);
      const zones = mappings.map(
        ({ SubnetId }) => resources.find(({ ref }) => ref === SubnetId)?.properties.AvailabilityZone,
      );
      if (new Set(zones).size < zones.length)
        return [
          {
            logicalId,
            says: 'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
          },
        ];
      const isStatic = mappings.some(({ AllocationId }) => AllocationId !== undefined);
      return isStatic && properties.Scheme !== 'internet-facing'
        ? [{ logicalId, says: 'EIPs cannot be specified for internal load balancers.' }]
        : [];
    }),
};
