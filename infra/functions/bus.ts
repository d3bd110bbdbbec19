import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { consumedByCalls, consumedByFleet, edgeEventSource } from '../../contracts/facts.ts';

/** The bus that carries the edge's facts. */
export class FactBus extends Construct {
  readonly bus: events.EventBus;
  readonly archive: events.Archive;

  /** @param archiveDays how long facts are kept for a replay */
  constructor(scope: Construct, id: string, { archiveDays }: { archiveDays: number }) {
    super(scope, id);
    this.bus = new events.EventBus(this, 'Bus', {
      eventBusName: `${Stack.of(this).stackName}-facts`,
      description: 'What the SIP edges say has happened',
    });
    this.archive = this.bus.archive('Archive', {
      archiveName: `${Stack.of(this).stackName}-facts`,
      description: 'Facts of gateways and calls, to be replayed',
      eventPattern: { source: [edgeEventSource] },
      retention: Duration.days(archiveDays),
    });
  }
}

/** How a rule hands an event to a function: again for a day, and then it is kept. */
const handTo = (target: lambda.Function, deadLetters: sqs.Queue) =>
  new targets.LambdaFunction(target, {
    deadLetterQueue: deadLetters,
    maxEventAge: Duration.hours(24),
    retryAttempts: 185,
  });

export interface CallsTriggersProps {
  bus: events.EventBus;
  calls: lambda.Function;
  deadLetters: sqs.Queue;
}

/** What starts the `calls` function: the facts it acts on, and the clock (for leases that ran out). */
export class CallsTriggers extends Construct {
  constructor(scope: Construct, id: string, { bus, calls, deadLetters }: CallsTriggersProps) {
    super(scope, id);
    new events.Rule(this, 'Facts', {
      eventBus: bus as events.IEventBus,
      description: 'Facts that change a call or an edge',
      eventPattern: { source: [edgeEventSource], detailType: [...consumedByCalls] },
      targets: [handTo(calls, deadLetters)],
    });
    new events.Rule(this, 'EveryMinute', {
      description: 'Finds the edges and calls whose lease is over',
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [handTo(calls, deadLetters)],
    });
  }
}

export interface FleetTriggersProps {
  bus: events.EventBus;
  fleet: lambda.Function;
  clusterArn: string;
  deadLetters: sqs.Queue;
}

/** What starts the `fleet` function: calls and registrations, its tasks' changes of state, and the clock. */
export class FleetTriggers extends Construct {
  constructor(scope: Construct, id: string, { bus, fleet, clusterArn, deadLetters }: FleetTriggersProps) {
    super(scope, id);
    new events.Rule(this, 'Facts', {
      eventBus: bus as events.IEventBus,
      description: 'Facts that change how many gateways are wanted or there',
      eventPattern: { source: [edgeEventSource], detailType: [...consumedByFleet] },
      targets: [handTo(fleet, deadLetters)],
    });
    new events.Rule(this, 'Tasks', {
      description: 'Gateways whose tasks run, are to stop, or have stopped',
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: {
          clusterArn: [clusterArn],
          $or: [{ lastStatus: ['RUNNING', 'STOPPED'] }, { desiredStatus: ['STOPPED'] }],
        },
      },
      targets: [handTo(fleet, deadLetters)],
    });
    new events.Rule(this, 'EveryMinute', {
      description: 'Looks at the pool, also when nothing has happened',
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [handTo(fleet, deadLetters)],
    });
  }
}
