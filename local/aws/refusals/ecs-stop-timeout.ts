import { containersOf, isFargate, onEach, type Rule } from './rule.ts';

const mostSec = 120;

/** On Fargate a container may take two minutes to end. */
export const ecsStopTimeout: Rule = {
  source:
    'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)',
  refuse: onEach(['AWS::ECS::TaskDefinition'], (definition) =>
    isFargate(definition) &&
    containersOf(definition).some(({ StopTimeout }) => Number(StopTimeout ?? 0) > mostSec)
      ? `The maximum value for stopTimeout is ${mostSec} seconds.`
      : undefined,
  ),
};
