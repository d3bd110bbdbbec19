import type { JsonObject } from '../template.ts';
import { containersOf, onEach, outside, type Rule } from './rule.ts';

const limits = { Interval: [5, 300], Timeout: [2, 60], Retries: [1, 10], StartPeriod: [0, 300] } as const;

/** A container's own check keeps to bounds. */
export const ecsHealthChecks: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html',
  refuse: onEach(['AWS::ECS::TaskDefinition'], (definition) =>
    containersOf(definition)
      .flatMap(({ HealthCheck }) =>
        Object.entries(limits).map(([name, bounds]) =>
          outside((HealthCheck ?? {}) as JsonObject, name, bounds),
        ),
      )
      .find((wrong) => wrong !== undefined),
  ),
};
