import { onEach, outside, type Rule } from './rule.ts';

/** A queue's times keep to bounds, and its name to 80 characters. */
export const sqsQueues: Rule = {
  source: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html',
  refuse: onEach(['AWS::SQS::Queue'], ({ properties }) => {
    const { QueueName } = properties;
    if (QueueName !== undefined && !/^[A-Za-z0-9_-]{1,80}(?:\.fifo)?$/.test(String(QueueName)))
      return 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length';
    return (
      outside(properties, 'MessageRetentionPeriod', [60, 1_209_600]) ??
      outside(properties, 'VisibilityTimeout', [0, 43_200]) ??
      outside(properties, 'DelaySeconds', [0, 900])
    );
  }),
};
