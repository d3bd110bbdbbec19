import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type MetricName, metrics } from '../../contracts/metrics.ts';
import { type Outcome, outcomes } from '../../contracts/outcomes.ts';
import type { LoadBalancer } from '../edge/load-balancer.ts';
import type { FactQueue } from '../functions/fact-queue.ts';
import type { Alarms } from './alarms.ts';
import { graph } from './graph.ts';
import { ownMetric } from './metrics.ts';
import { queryLines, savedQueries } from './queries.ts';

export interface DashboardProps {
  alarms: Alarms;
  loadBalancers: readonly LoadBalancer[];
  functions: readonly lambda.Function[];
  table: dynamodb.Table;
  queues: readonly FactQueue[];
  edgeLog: logs.ILogGroup;
}

const fiveMinutes = Duration.minutes(5);
/** Of the 24 columns. */
const half = 12;

/** Of a start, in their order. */
const phases = [
  ['StartQueuedTime', 'queued'],
  ['StartPullTime', 'pulling'],
  ['StartBootTime', 'booting'],
  ['StartRegisterTime', 'registering'],
  ['StartTime', 'in all'],
] as const satisfies [MetricName, string][];

/** Colours that say at a glance whose fault it is: nobody's, the caller's or the callee's, ours. */
const colours = { good: '#2ca02c', theirs: '#7f7f7f', ours: '#d62728', full: '#ff7f0e' };
const colourOf: Partial<Record<Outcome, string>> = {
  answered: colours.good,
  cancelled: colours.theirs,
  'busy-everywhere': colours.theirs,
  'no-answer': colours.theirs,
  'pool-exhausted': colours.full,
  'start-timeout': colours.full,
  'gateway-failed': colours.ours,
  rejected: colours.theirs,
  'control-plane-unavailable': colours.ours,
};

/**
 * One page, read from the top: is it up, are there free gateways, are calls failing and why, what is slow. A row a
 * question, so that another question is another row.
 */
export class Dashboard extends Construct {
  readonly dashboard: cloudwatch.Dashboard;
  readonly #stack: Stack;

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    this.#stack = Stack.of(this);
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: this.#stack.stackName,
      defaultInterval: Duration.hours(3),
      widgets: [
        this.#isItUp(props),
        this.#arePlacesFree(),
        this.#doesThePoolFollow(),
        this.#areCallsFailing(props),
        this.#whatIsSlow(props),
        this.#isMediaGood(),
        this.#whatIsInside(props),
      ],
    });
  }

  #isItUp({ alarms, loadBalancers }: DashboardProps): cloudwatch.IWidget[] {
    const now = (metric: cloudwatch.IMetric, title: string) =>
      new cloudwatch.SingleValueWidget({ title, metrics: [metric], width: 3, height: 4 });
    const edges = loadBalancers.flatMap(({ zone, targetGroups: [sip] }) =>
      sip ? [sip.group.metrics.healthyHostCount({ statistic: 'Minimum', label: `zone ${zone}` })] : [],
    );
    return [
      new cloudwatch.AlarmStatusWidget({ title: 'Is it up?', alarms: alarms.all, width: 9, height: 4 }),
      new cloudwatch.SingleValueWidget({ title: 'Healthy edges', metrics: edges, width: 3, height: 4 }),
      now(this.#own('RegisteredGateways', 'Average', 'registered'), 'Gateways'),
      now(this.#own('FreeGateways', 'Average', 'free'), 'Free now'),
      now(this.#own('BusyGateways', 'Average', 'busy'), 'In a call'),
      now(this.#own('EdgeCalls', 'Sum', 'calls'), 'Calls at the edges'),
    ];
  }

  #arePlacesFree(): cloudwatch.IWidget[] {
    return [
      graph('Are there free gateways?', half, {
        stacked: true,
        left: [
          this.#own('BusyGateways', 'Maximum', 'busy'),
          this.#own('LockedGateways', 'Maximum', 'locked'),
          this.#own('FreeGateways', 'Minimum', 'free'),
        ],
      }),
      graph('Calls refused for want of one, and gateways that two calls wanted', half, {
        left: [
          this.#calls('pool-exhausted'),
          this.#calls('start-timeout'),
          this.#each5min('AllocationConflicts', 'Sum'),
        ],
      }),
    ];
  }

  #doesThePoolFollow(): cloudwatch.IWidget[] {
    return [
      graph('Does the pool follow? Gateways there, those to come, and calls that wait', 8, {
        left: [
          this.#own('ManagedGateways', 'Maximum', 'there'),
          this.#own('StartingGateways', 'Maximum', 'starting'),
          this.#own('WaitingCalls', 'Maximum', 'calls that wait'),
        ],
      }),
      graph('How long starts take, by phase (mean)', 8, {
        label: metrics.StartTime,
        left: phases.map(([name, label]) => this.#each5min(name, 'Average', label)),
      }),
      graph('Starts that failed, and whether the pool holds back', 8, {
        left: [
          this.#each5min('FailedStarts', 'Sum', 'failed'),
          this.#own('StartsFailing', 'Maximum', 'holds back'),
        ],
      }),
    ];
  }

  #areCallsFailing({ edgeLog }: DashboardProps): cloudwatch.IWidget[] {
    return [
      graph('Are calls failing? By outcome', half, {
        view: cloudwatch.GraphWidgetView.TIME_SERIES,
        stacked: true,
        left: outcomes.map((outcome) => this.#calls(outcome)),
      }),
      new cloudwatch.LogQueryWidget({
        title: 'Why: failed calls and refused requests by outcome',
        logGroupNames: [edgeLog.logGroupName],
        view: cloudwatch.LogQueryVisualizationType.TABLE,
        queryLines: queryLines(savedQueries.failuresByOutcome),
        width: half,
        height: 6,
      }),
    ];
  }

  #whatIsSlow({ functions }: DashboardProps): cloudwatch.IWidget[] {
    const times = (title: string, name: 'SetupTime' | 'WaitTime') =>
      graph(title, 6, {
        label: metrics[name],
        left: ['p50', 'p90', 'p99'].map((statistic) => this.#each5min(name, statistic, statistic)),
      });
    return [
      times('What is slow? INVITE to answer', 'SetupTime'),
      times('of that, waiting for a gateway', 'WaitTime'),
      graph('Functions, p99', 6, {
        label: 'Milliseconds',
        left: functions.map((one) =>
          one.metricDuration({ statistic: 'p99', period: fiveMinutes, label: nameOf(one) }),
        ),
      }),
      graph('How long calls last', 6, {
        label: metrics.CallLength,
        left: ['p50', 'p90'].map((statistic) => this.#each5min('CallLength', statistic, statistic)),
      }),
    ];
  }

  #isMediaGood(): cloudwatch.IWidget[] {
    const ofCalls = (title: string, name: 'PacketLoss' | 'Jitter') =>
      graph(title, half, {
        label: metrics[name],
        left: ['p50', 'p90', 'p99'].map((statistic) => this.#each5min(name, statistic, statistic)),
      });
    return [
      ofCalls('Do they hear each other well? Packets lost, as gateways count', 'PacketLoss'),
      ofCalls('and the jitter', 'Jitter'),
    ];
  }

  #whatIsInside({ functions, table, queues }: DashboardProps): cloudwatch.IWidget[] {
    return [
      graph('Functions: errors, throttles', 6, {
        left: [
          ...functions.flatMap((one) => [
            one.metricErrors({ statistic: 'Sum', period: fiveMinutes, label: `${nameOf(one)} errors` }),
            one.metricThrottles({ statistic: 'Sum', period: fiveMinutes, label: `${nameOf(one)} throttles` }),
          ]),
          this.#each5min('FailedFacts', 'Sum'),
        ],
      }),
      graph('Edges: no answer, refused INVITEs, overload', 6, {
        left: (['ControlPlaneFailures', 'RefusedInvites', 'ShedCalls', 'ShedRegisters'] as const).map(
          (name) => this.#each5min(name, 'Sum'),
        ),
        right: [
          this.#own('CommandTime', 'Maximum', 'slowest command, ms'),
          this.#own('HalfOpenCalls', 'Maximum', 'half-open calls'),
        ],
      }),
      graph('Facts that wait, dead letters', 6, {
        label: metrics.FactDelay,
        left: [
          this.#own('FactDelay', 'Maximum', 'oldest fact'),
          ...queues.map(({ queue, node }) =>
            queue.metricApproximateAgeOfOldestMessage({ label: `oldest before ${node.scope?.node.id}` }),
          ),
        ],
        right: queues.map(({ deadLetters, node }) =>
          deadLetters.metricApproximateNumberOfMessagesVisible({
            label: `dead letters of ${node.scope?.node.id}`,
          }),
        ),
        rightYAxis: { min: 0, label: 'letters', showUnits: false },
      }),
      graph('Table: units consumed', 6, {
        left: [
          table.metricConsumedReadCapacityUnits({ period: fiveMinutes, label: 'reads' }),
          table.metricConsumedWriteCapacityUnits({ period: fiveMinutes, label: 'writes' }),
        ],
      }),
    ];
  }

  #own(name: MetricName, statistic: string, label: string): cloudwatch.Metric {
    return ownMetric(this.#stack, name, { statistic, label });
  }

  #each5min(name: MetricName, statistic: string, label?: string): cloudwatch.Metric {
    return ownMetric(this.#stack, name, { statistic, period: fiveMinutes, ...(label && { label }) });
  }

  #calls(outcome: Outcome): cloudwatch.Metric {
    const color = colourOf[outcome];
    return ownMetric(this.#stack, 'Calls', {
      statistic: 'Sum',
      period: fiveMinutes,
      outcome,
      label: outcome,
      ...(color !== undefined && { color }),
    });
  }
}

/** `register`, `allocate`, … */
const nameOf = (one: lambda.Function) => one.node.scope?.node.id.toLowerCase() ?? one.node.id;
