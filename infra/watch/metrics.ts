import { Duration, type Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import {
  type MetricName,
  metricNamespace,
  outcomeDimension,
  stackDimension,
} from '../../contracts/metrics.ts';
import type { Outcome } from '../../contracts/outcomes.ts';
import { callsIndexName, freeIndexName, gatewaysIndexName, watchIndexName } from '../table.ts';

export interface OwnMetricOptions {
  statistic: string;
  /** One minute unless given. */
  period?: Duration;
  /** Of `Calls` alone. */
  outcome?: Outcome;
  label?: string;
  color?: string;
}

/** One of our own metrics, as its emitter names it. */
export function ownMetric(stack: Stack, name: MetricName, options: OwnMetricOptions): cloudwatch.Metric {
  const { outcome, period = Duration.minutes(1), ...others } = options;
  return new cloudwatch.Metric({
    namespace: metricNamespace,
    metricName: name,
    dimensionsMap: {
      [stackDimension]: stack.stackName,
      ...(outcome !== undefined && { [outcomeDimension]: outcome }),
    },
    period,
    ...others,
  });
}

/**
 * The sum of several metrics; one that has no value counts as 0.
 * @param parts at most 10, as an alarm takes no more
 */
export function sumOf(
  parts: readonly cloudwatch.IMetric[],
  label: string,
  period: Duration,
): cloudwatch.MathExpression {
  const usingMetrics = Object.fromEntries(parts.map((part, index) => [`m${index + 1}`, part]));
  return new cloudwatch.MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics,
    label,
    period,
  });
}

/** Throttled reads and writes of the table and of its four indexes, in five minutes. */
export function throttlesOf(table: dynamodb.Table): cloudwatch.Metric[] {
  const metric = (metricName: string, index?: string) =>
    new cloudwatch.Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: {
        TableName: table.tableName,
        ...(index !== undefined && { GlobalSecondaryIndexName: index }),
      },
      statistic: 'Sum',
      period: Duration.minutes(5),
    });
  return [undefined, freeIndexName, watchIndexName, callsIndexName, gatewaysIndexName].flatMap((index) => [
    metric('ReadThrottleEvents', index),
    metric('WriteThrottleEvents', index),
  ]);
}
