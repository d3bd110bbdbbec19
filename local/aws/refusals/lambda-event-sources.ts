import type { JsonObject } from '../template.ts';
import { onEach, outside, type Rule } from './rule.ts';

/** Most messages of a batch of an SQS queue. */
const mostBatched = { withoutWindow: 10, withWindow: 10_000 };

/** A mapping of a queue has bounded batches and invocations. */
export const lambdaEventSources: Rule = {
  source: 'https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html',
  refuse: onEach(['AWS::Lambda::EventSourceMapping'], ({ properties }) => {
    const hasWindow = Number(properties.MaximumBatchingWindowInSeconds ?? 0) > 0;
    const most = hasWindow ? mostBatched.withWindow : mostBatched.withoutWindow;
    return (
      outside(properties, 'BatchSize', [1, most]) ??
      outside((properties.ScalingConfig ?? {}) as JsonObject, 'MaximumConcurrency', [2, 1000])
    );
  }),
};
