import { Duration, Stack } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';

/** Where an export keeps what it could not deliver for a day. @param name of it in the stack */
export function exportLetters(scope: Construct, name: string): sqs.Queue {
  const queue = new sqs.Queue(scope, 'DeadLetters', {
    queueName: `${Stack.of(scope).stackName}-${name}-dead-letters`,
    retentionPeriod: Duration.days(14),
    enforceSSL: true,
  });
  acknowledge(queue, 'SQS3', 'It is the dead-letter queue');
  return queue;
}
