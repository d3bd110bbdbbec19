import { onEach, type Rule } from './rule.ts';

const days = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** A log is kept for one of the times that CloudWatch knows. */
export const logsRetention: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html',
  refuse: onEach(['AWS::Logs::LogGroup'], ({ properties: { RetentionInDays } }) =>
    RetentionInDays === undefined || days.includes(Number(RetentionInDays))
      ? undefined
      : `Invalid retention value ${RetentionInDays}. Valid values are: ${days.join(', ')}`,
  ),
};
