import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { consumedByCalls, consumedByFleet, edgeEventSource } from '../../contracts/facts.ts';
import { FactQueue } from './fact-queue.ts';

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

/** What is said again by itself, or soon by another: a late one is of no use. */
const askNow = (target: lambda.Function) =>
  new targets.LambdaFunction(target, { maxEventAge: Duration.minutes(1), retryAttempts: 0 });

export interface CallsTriggersProps {
  bus: events.EventBus;
  calls: lambda.Function;
}

/** What starts the `calls` function: the facts it acts on, and the clock (for leases that ran out). */
export class CallsTriggers extends Construct {
  readonly facts: FactQueue;

  constructor(scope: Construct, id: string, { bus, calls }: CallsTriggersProps) {
    super(scope, id);
    // Nothing waits for company here: a call's end frees its gateway.
    this.facts = new FactQueue(this, 'FactQueue', {
      name: 'calls',
      function: calls,
      batchSize: 10,
      windowSec: 0,
      maxConcurrency: 20,
    });
    new events.Rule(this, 'Facts', {
      eventBus: bus as events.IEventBus,
      description: 'Facts that change a call or an edge',
      eventPattern: { source: [edgeEventSource], detailType: [...consumedByCalls] },
      targets: [this.facts.target],
    });
    new events.Rule(this, 'EveryMinute', {
      description: 'Finds the edges and calls whose lease is over',
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [askNow(calls)],
    });
  }
}

export interface FleetTriggersProps {
  bus: events.EventBus;
  fleet: lambda.Function;
  clusterArn: string;
}

/** What starts the `fleet` function: calls and registrations, its tasks' changes of state, and the clock. */
export class FleetTriggers extends Construct {
  readonly facts: FactQueue;

  constructor(scope: Construct, id: string, { bus, fleet, clusterArn }: FleetTriggersProps) {
    super(scope, id);
    // One look at the pool serves all that a second brings. Only one run decides: the other leaves word for it.
    this.facts = new FactQueue(this, 'FactQueue', {
      name: 'fleet',
      function: fleet,
      batchSize: 500,
      windowSec: 1,
      maxConcurrency: 2,
    });
    new events.Rule(this, 'Facts', {
      eventBus: bus as events.IEventBus,
      description: 'Facts that change how many gateways are wanted or there',
      eventPattern: { source: [edgeEventSource], detailType: [...consumedByFleet] },
      targets: [this.facts.target],
    });
    new events.Rule(this, 'Waiting', {
      eventBus: bus as events.IEventBus,
      // The queue's second would be one more that the caller waits. Those behind it are seen by the same look.
      description: 'A call at the head of the queue: its gateway is started at once',
      eventPattern: { source: [edgeEventSource], detailType: ['call.waiting'], detail: { ahead: [0] } },
      targets: [askNow(fleet)],
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
      targets: [this.facts.target],
    });
    new events.Rule(this, 'EveryMinute', {
      description: 'Looks at the pool, also when nothing has happened',
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [askNow(fleet)],
    });
  }
}
