import { containersOf, listIn, ofType, type Rule } from './rule.ts';

/** A load balancer names a port of a container that is mapped exactly once. */
export const ecsLoadBalancerPorts: Rule = {
  source:
    'https://github.com/aws/amazon-ecs-agent/issues/3428, https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/89',
  refuse: (resources) =>
    ofType(resources, 'AWS::ECS::Service').flatMap(({ logicalId, properties }) => {
      const definition = resources.find(({ ref }) => ref === properties.TaskDefinition);
      return listIn(properties.LoadBalancers).flatMap(({ ContainerName, ContainerPort }) => {
        const container = definition && containersOf(definition).find(({ Name }) => Name === ContainerName);
        const mapped = listIn(container?.PortMappings).filter((one) => one.ContainerPort === ContainerPort);
        if (mapped.length === 1) return [];
        const says =
          mapped.length === 0
            ? `The container ${ContainerName} did not have a container port ${ContainerPort} defined.`
            : `The containerPort ${ContainerPort} of container ${ContainerName} is used in more than one port mapping.`;
        return [{ logicalId, says }];
      });
    }),
};
