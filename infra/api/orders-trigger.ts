import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { apiEventSource, operatorFactType } from '../../contracts/operator-fact.ts';

export interface OrdersTriggerProps {
  bus: events.EventBus;
  fleet: lambda.Function;
}

/** Lets the fleet look at the pool when an operator has ordered something of it, as each minute of the clock does. */
export class OrdersTrigger extends Construct {
  constructor(scope: Construct, id: string, { bus, fleet }: OrdersTriggerProps) {
    super(scope, id);
    new events.Rule(this, 'Orders', {
      eventBus: bus as events.IEventBus,
      description: 'What operators do by the API',
      eventPattern: { source: [apiEventSource], detailType: [operatorFactType] },
      targets: [
        new targets.LambdaFunction(fleet, {
          event: events.RuleTargetInput.fromObject({ 'detail-type': 'Scheduled Event' }),
          // The next minute's look sees the order as well.
          maxEventAge: Duration.minutes(1),
          retryAttempts: 0,
        }),
      ],
    });
  }
}
