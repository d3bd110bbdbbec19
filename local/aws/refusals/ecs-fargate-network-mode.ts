import { isFargate, onEach, type Rule } from './rule.ts';

/** A task on Fargate has a network of its own. */
export const ecsFargateNetworkMode: Rule = {
  source:
    'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-networkmode',
  refuse: onEach(['AWS::ECS::TaskDefinition'], (definition) =>
    isFargate(definition) && definition.properties.NetworkMode !== 'awsvpc'
      ? "Fargate only supports network mode 'awsvpc'."
      : undefined,
  ),
};
