import { listIn, onEach, type Rule } from './rule.ts';

const mostMetrics = 10;
const daySec = 86_400;

/** An alarm looks at ten metrics at most, over a day at most, and at no more points than periods. */
export const cloudwatchAlarms: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html',
  refuse: onEach(['AWS::CloudWatch::Alarm'], ({ properties }) => {
    const { Period, EvaluationPeriods, DatapointsToAlarm, Metrics } = properties;
    const stats = listIn(Metrics).filter(({ MetricStat }) => MetricStat !== undefined);
    if (stats.length > mostMetrics) return `An alarm takes at most ${mostMetrics} metrics.`;
    if (Number(Period ?? 60) * Number(EvaluationPeriods) > daySec && Number(Period ?? 60) < 3600)
      return 'EvaluationPeriods * Period cannot exceed 86400 seconds.';
    return Number(DatapointsToAlarm ?? 1) > Number(EvaluationPeriods)
      ? 'DatapointsToAlarm must be less than or equal to EvaluationPeriods.'
      : undefined;
  }),
};
