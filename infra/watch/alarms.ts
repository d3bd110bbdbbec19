import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Outcome } from '../../contracts/outcomes.ts';
import type { LoadBalancer, TargetGroup } from '../edge/load-balancer.ts';
import type { FactQueue } from '../functions/fact-queue.ts';
import type { Settings } from '../settings.ts';
import type { AlarmOptions } from './alarm-options.ts';
import { mediaAlarms } from './media-alarms.ts';
import { ownMetric, sumOf, throttlesOf } from './metrics.ts';

export interface AlarmsProps {
  settings: Settings;
  loadBalancers: readonly LoadBalancer[];
  functions: readonly lambda.Function[];
  table: dynamodb.Table;
  /** Between the bus and the functions. */
  queues: readonly FactQueue[];
  /** What the exports could not deliver. */
  exportLetters: readonly sqs.Queue[];
}

/** How calls end that should have been served, beside those for which there was no gateway. */
const failures: readonly Outcome[] = [
  'gateway-failed',
  'gateway-lost',
  'edge-lost',
  'control-plane-unavailable',
];

const minute = Duration.minutes(1);
const fiveMinutes = Duration.minutes(5);
const { BREACHING, NOT_BREACHING } = cloudwatch.TreatMissingData;
const { LESS_THAN_THRESHOLD, GREATER_THAN_OR_EQUAL_TO_THRESHOLD: AT_LEAST } = cloudwatch.ComparisonOperator;

/** What somebody is told of, each alarm with a sentence on what to do. */
export class Alarms extends Construct {
  readonly topic: sns.Topic;
  readonly all: cloudwatch.Alarm[] = [];
  /** Of each zone, in their order: it has no edge that takes SIP. */
  readonly edgeDown: cloudwatch.Alarm[] = [];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { settings } = props;
    this.topic = new sns.Topic(this, 'Topic', { displayName: 'Switchroom alarms', enforceSSL: true });
    // A topic with a policy of its own has lost the one that lets the account publish.
    this.topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (settings.alarmAddress !== '')
      this.topic.addSubscription(new EmailSubscription(settings.alarmAddress));

    this.#service(props);
    this.#calls();
    for (const [name, options] of mediaAlarms(Stack.of(this), settings)) this.#add(name, options);
    this.#parts(props);
  }

  /** Is it up, and are there gateways? */
  #service({ settings, loadBalancers }: AlarmsProps): void {
    const stack = Stack.of(this);
    for (const { zone, targetGroups } of loadBalancers) this.#edge(zone, targetGroups);
    this.#gateways(settings.poolMinFree);
    this.#add('ControlPlaneFailing', {
      says: 'Edges get no answer to commands: calls are refused with 503 and gateways cannot register. Look at errors and throttles of the functions, then at the table.',
      metric: ownMetric(stack, 'ControlPlaneFailures', { statistic: 'Sum' }),
      threshold: 3,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
    });
    this.#load();
  }

  /** Is more to be done than can be? */
  #load(): void {
    this.#add('CallsShed', {
      says: 'Edges refuse calls or registrations with 503, overloaded, since commands are not answered in time. CommandTime and the line control-plane-late in the edge log say how late; look at FunctionsThrottled and TableThrottled, then at who calls so much.',
      metric: sumOf(
        (['ShedCalls', 'ShedRegisters'] as const).map((name) =>
          ownMetric(Stack.of(this), name, { statistic: 'Sum' }),
        ),
        'refused for overload',
        minute,
      ),
      threshold: 1,
    });
  }

  /** Does a zone have an edge? Each has an alarm of its own: among others a zone that is missing is not seen. */
  #edge(zone: number, targetGroups: readonly TargetGroup[]): void {
    for (const { name, port, group } of targetGroups) {
      const alarm = this.#add(`EdgeDown${name}${zone}`, {
        says: `Zone ${zone} has no healthy edge for port ${port}: its callers reach nobody. Look at the edge's ECS service and log of that zone.`,
        metric: group.metrics.healthyHostCount({ period: minute, statistic: 'Minimum' }),
        threshold: 1,
        comparisonOperator: LESS_THAN_THRESHOLD,
        // Not two of three: Route 53, which reads the same numbers, knows only periods in a row.
        evaluationPeriods: 2,
        // A load balancer that says nothing has no edge at all.
        treatMissingData: BREACHING,
      });
      if (name === 'Sip') this.edgeDown.push(alarm);
    }
  }

  /** Are there as many gateways as there should be? */
  #gateways(minFree: number): void {
    const stack = Stack.of(this);
    this.#add('StartsFailing', {
      says: 'Starts of gateways fail one after the other and are only tried now and then: callers are refused once the free ones are taken. npx switchroom starts says what ECS answers.',
      metric: ownMetric(stack, 'StartsFailing', { statistic: 'Maximum' }),
      threshold: 1,
    });
    // A pool that starts gateways only for calls may well have none.
    if (minFree === 0) return;
    // One that ends after its call is missed for as long as its successor takes to start.
    const expected = Math.max(1, Math.ceil(minFree / 2));
    this.#add('GatewaysMissing', {
      says: `${expected === 1 ? 'No gateway was' : `Fewer than ${expected} gateways were`} registered for 10 minutes, or nobody counted them. Look at npx switchroom starts and the gateways' log; if the count is missing, at the calls function.`,
      metric: ownMetric(stack, 'RegisteredGateways', { statistic: 'Minimum' }),
      threshold: expected,
      comparisonOperator: LESS_THAN_THRESHOLD,
      evaluationPeriods: 10,
      // The count is made by the control plane each minute: none means that it does not run.
      treatMissingData: BREACHING,
    });
  }

  /** Do callers get what they want? */
  #calls(): void {
    const stack = Stack.of(this);
    const callsOf = (outcome: Outcome) =>
      ownMetric(stack, 'Calls', { statistic: 'Sum', period: fiveMinutes, outcome });
    this.#add('NoGatewayFree', {
      says: 'Calls were refused because no gateway was free. npx switchroom history says why: at the maximum, raise the setting poolMax; else see StartsFailing and GatewaysMissing.',
      metric: callsOf('pool-exhausted'),
      threshold: 1,
    });
    this.#add('CallsFailing', {
      says: 'Three or more calls in 5 minutes failed or broke off through us. The saved query failures-by-outcome says which way; call-timeline shows one of them.',
      metric: sumOf(failures.map(callsOf), 'failed calls', fiveMinutes),
      threshold: 3,
    });
    this.#add('SetupSlow', {
      says: 'For 15 minutes one call in ten took over 10 s to be answered. The saved query slowest-setups shows which; compare with the time they waited for a gateway.',
      metric: ownMetric(stack, 'SetupTime', { statistic: 'p90', period: fiveMinutes }),
      threshold: 10_000,
      evaluationPeriods: 3,
    });
  }

  /** Does something inside not work, whether or not a caller has noticed? */
  #parts({ functions, table, queues, exportLetters }: AlarmsProps): void {
    const stack = Stack.of(this);
    const sum = { period: fiveMinutes, statistic: 'Sum' };
    const ofAll = (label: string, of: (one: lambda.Function) => cloudwatch.Metric) =>
      sumOf(functions.map(of), label, fiveMinutes);
    // SQS says nothing of a queue that nobody used for six hours: it is empty.
    this.#add('DeadLetters', {
      says: 'Facts could not be handled and are kept in the dead-letter queue: gateways may stay locked or tasks running. Mend the cause (npx switchroom replay --show), then npx switchroom replay.',
      metric: sumOf(
        [...queues.map(({ deadLetters }) => deadLetters), ...exportLetters].map((one) =>
          one.metricApproximateNumberOfMessagesVisible({ period: minute, statistic: 'Maximum' }),
        ),
        'dead letters',
        minute,
      ),
      threshold: 1,
    });
    this.#add('FactsDelayed', {
      says: 'An edge has had facts for over a minute that the bus does not take: gateways stay busy after their calls. Look for delivery errors in the edge log; nothing is lost while its task lives.',
      metric: ownMetric(stack, 'FactDelay', { statistic: 'Maximum' }),
      threshold: 60,
      evaluationPeriods: 2,
    });
    this.#add('FactsQueued', {
      says: 'Facts have waited for two minutes and more before the calls or the fleet function: gateways stay busy after their calls. See FunctionErrors, FunctionsThrottled and TableThrottled.',
      metric: sumOf(
        queues.map(({ queue }) =>
          queue.metricApproximateAgeOfOldestMessage({ period: minute, statistic: 'Maximum' }),
        ),
        'oldest facts, seconds',
        minute,
      ),
      threshold: 120,
      evaluationPeriods: 2,
    });
    this.#add('FunctionErrors', {
      says: 'Functions failed three times or more in 5 minutes. Look for "failed" in the log of the one that the dashboard shows.',
      // Of a batch only the facts that failed come again: to Lambda the invocation is none that failed.
      metric: sumOf(
        [...functions.map((one) => one.metricErrors(sum)), ownMetric(stack, 'FailedFacts', sum)],
        'errors',
        fiveMinutes,
      ),
      threshold: 3,
    });
    this.#add('FunctionsThrottled', {
      says: 'Functions were throttled: more at once than the account or reservedConcurrency allows. See who calls so much; then raise the quota or the setting.',
      metric: ofAll('throttles', (one) => one.metricThrottles(sum)),
      threshold: 1,
    });
    this.#add('TableThrottled', {
      says: 'DynamoDB throttled the table or an index. If one partition of the index free is hot, raise freeShards; else see who writes so much.',
      metric: sumOf(throttlesOf(table), 'throttled requests', fiveMinutes),
      threshold: 10,
    });
  }

  #add(name: string, { says, ...props }: AlarmOptions): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, name, {
      alarmName: `${Stack.of(this).stackName}-${name}`,
      alarmDescription: says,
      comparisonOperator: AT_LEAST,
      evaluationPeriods: 1,
      treatMissingData: NOT_BREACHING,
      ...props,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    // So that whoever was woken learns that it is over.
    alarm.addOkAction(action);
    this.all.push(alarm);
    return alarm;
  }
}
