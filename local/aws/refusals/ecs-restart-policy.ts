import type { JsonObject } from '../template.ts';
import { containersOf, onEach, outside, type Rule } from './rule.ts';

/** A container that comes back has run for a minute at least. */
export const ecsRestartPolicy: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html',
  refuse: onEach(['AWS::ECS::TaskDefinition'], (definition) =>
    containersOf(definition)
      .map(({ RestartPolicy }) =>
        outside((RestartPolicy ?? {}) as JsonObject, 'RestartAttemptPeriod', [60, 1800]),
      )
      .find((wrong) => wrong !== undefined),
  ),
};
