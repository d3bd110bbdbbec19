import { ofType, onEach, type Rule } from './rule.ts';

const defaultVisibilitySec = 30;
const defaultTimeoutSec = 3;

/** What a function is at stays hidden for as long as it may take. */
export const lambdaQueueVisibility: Rule = {
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html',
  refuse: (resources) =>
    onEach(['AWS::Lambda::EventSourceMapping'], ({ properties }) => {
      const queue = ofType(resources, 'AWS::SQS::Queue').find(
        ({ attributes }) => attributes.Arn === properties.EventSourceArn,
      );
      const target = ofType(resources, 'AWS::Lambda::Function').find(
        ({ ref, attributes }) =>
          properties.FunctionName === ref || properties.FunctionName === attributes.Arn,
      );
      if (queue === undefined || target === undefined) return undefined;
      const visibilitySec = Number(queue.properties.VisibilityTimeout ?? defaultVisibilitySec);
      const timeoutSec = Number(target.properties.Timeout ?? defaultTimeoutSec);
      if (visibilitySec >= timeoutSec) return undefined;
      return `Queue visibility timeout: ${visibilitySec} seconds is less than Function timeout: ${timeoutSec} seconds`;
    })(resources),
};
