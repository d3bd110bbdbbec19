import type { JsonObject } from '../template.ts';
import { listIn, onEach, outside, type Rule } from './rule.ts';

const mostTargets = 5;

/** A rule has a few targets with bounded retries, and a clock only on the default bus. */
export const eventsRules: Rule = {
  source:
    'https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html, https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html, https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html',
  refuse: onEach(['AWS::Events::Rule'], ({ properties }) => {
    const { ScheduleExpression, EventPattern, EventBusName = 'default' } = properties;
    const targets = listIn(properties.Targets);
    if (targets.length > mostTargets) return `A rule takes at most ${mostTargets} targets.`;
    if (ScheduleExpression === undefined && EventPattern === undefined)
      return 'Parameter(s) EventPattern or ScheduleExpression must be specified.';
    if (ScheduleExpression !== undefined && EventBusName !== 'default')
      return 'ScheduleExpression is supported only on the default event bus.';
    return targets
      .map(({ RetryPolicy }) => (RetryPolicy ?? {}) as JsonObject)
      .flatMap((policy) => [
        outside(policy, 'MaximumRetryAttempts', [0, 185]),
        outside(policy, 'MaximumEventAgeInSeconds', [60, 86_400]),
      ])
      .find((wrong) => wrong !== undefined);
  }),
};
