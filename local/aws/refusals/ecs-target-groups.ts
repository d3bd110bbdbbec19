import { listIn, ofType, type Rule } from './rule.ts';

/** The target groups of a service: at most five, of addresses for tasks with networks of their own, behind a listener. */
export const ecsTargetGroups: Rule = {
  source:
    'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/register-multiple-targetgroups.html, https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html (loadBalancers)',
  refuse: (resources) => {
    const listened = new Set(
      ofType(resources, 'AWS::ElasticLoadBalancingV2::Listener').flatMap(({ properties }) =>
        listIn(properties.DefaultActions).map(({ TargetGroupArn }) => TargetGroupArn),
      ),
    );
    return ofType(resources, 'AWS::ECS::Service').flatMap(({ logicalId, properties }) => {
      const arns = listIn(properties.LoadBalancers).map(({ TargetGroupArn }) => TargetGroupArn);
      const groups = resources.filter(({ ref }) => arns.includes(ref));
      const mode = resources.find(({ ref }) => ref === properties.TaskDefinition)?.properties.NetworkMode;
      const says = [
        ...(arns.length > 5 ? ['A service takes at most 5 target groups.'] : []),
        ...groups.flatMap((group) => [
          ...(mode === 'awsvpc' && group.properties.TargetType !== 'ip'
            ? [
                `The target group ${group.ref} has target type instance, which is incompatible with the awsvpc network mode.`,
              ]
            : []),
          ...(listened.has(group.ref)
            ? []
            : [
                `The target group with targetGroupArn ${group.ref} does not have an associated load balancer.`,
              ]),
        ]),
      ];
      return says.map((one) => ({ logicalId, says: one }));
    });
  },
};
