import { Duration, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';

/** A message is given to its function so often; at once after the time limit of the function: for some ten minutes. */
const maxReceiveCount = 40;

export interface FactQueueProps {
  /** `calls`, `fleet`: the queue's name in the stack. */
  name: string;
  function: lambda.Function;
  /** Most messages of one invocation. */
  batchSize: number;
  /** How long messages gather for one invocation, seconds. */
  windowSec: number;
  /** Most invocations at once. */
  maxConcurrency: number;
}

/** A queue between the bus and a function that takes batches, and what it could not handle. */
export class FactQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: FactQueueProps) {
    super(scope, id);
    // Known by the stack's name alone: `switchroom replay --stack` finds them without asking CloudFormation.
    const queueName = `${Stack.of(this).stackName}-${props.name}`;
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      queueName: `${queueName}-dead-letters`,
      retentionPeriod: Duration.days(14),
      enforceSSL: true,
    });
    acknowledge(this.deadLetters, 'SQS3', 'It is the dead-letter queue');
    this.queue = new sqs.Queue(this, 'Queue', {
      queueName,
      // What failed comes again so long after. SQS wants no less than the function's time limit; that no invocation
      // waits for another is the work of maxConcurrency.
      visibilityTimeout: props.function.timeout as Duration,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount },
      enforceSSL: true,
    });
    props.function.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        resources: [this.queue.queueArn],
      }),
    );
    new lambda.EventSourceMapping(this, 'Mapping', {
      target: props.function,
      eventSourceArn: this.queue.queueArn,
      batchSize: props.batchSize,
      ...(props.windowSec > 0 && { maxBatchingWindow: Duration.seconds(props.windowSec) }),
      maxConcurrency: props.maxConcurrency,
      reportBatchItemFailures: true,
    });
  }

  /** The target of a rule: what cannot be delivered is kept as well. */
  get target(): targets.SqsQueue {
    return new targets.SqsQueue(this.queue, {
      deadLetterQueue: this.deadLetters,
      maxEventAge: Duration.hours(24),
      retryAttempts: 185,
    });
  }
}
