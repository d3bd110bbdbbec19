import { metrics } from '../../contracts/metrics.ts';
import { outcomes } from '../../contracts/outcomes.ts';
import { fargateRows } from './fargate.ts';
import { hoursPerMonth, price, secondsPerMonth } from './prices.ts';
import { type Row, resourcesOf, type Template } from './template.ts';
import {
  heartbeatSec,
  memoryGb,
  minutesOfCall,
  perApiRequest,
  perCall,
  perHeartbeat,
  perPoll,
  perRefresh,
  perTick,
  perTouch,
  pollSec,
  pollsOfQueue,
  recordMb,
  refreshSec,
  secondsPerRequest,
  tickSec,
  times,
  touchSec,
  tracedShare,
  type Usage,
} from './usage.ts';

/* What a template costs, idle and by the call: its own sizes and counts, times the prices of prices.json. */

export interface Estimate {
  /** What is there whether or not anybody calls, by the month. */
  idle: Row[];
  /** What a thousand calls add. */
  perThousandCalls: Row[];
  /** What a thousand requests to the API cost. */
  perThousandRequests: Row[];
  /** Types of the template that cost something which is not known here. */
  unpriced: string[];
}

/** Resources that cost by being there: USD a month each. */
const byMonth: Record<string, { what: string; usd: number }> = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    what: 'network load balancer, without its traffic',
    usd: price('networkLoadBalancerHour') * hoursPerMonth,
  },
  'AWS::EC2::EIP': { what: 'Elastic IP', usd: price('publicIpv4Hour') * hoursPerMonth },
  'AWS::SecretsManager::Secret': { what: 'secret', usd: price('secretMonth') },
  'AWS::ServiceDiscovery::PrivateDnsNamespace': {
    what: 'private hosted zone',
    usd: price('hostedZoneMonth'),
  },
  'AWS::Route53::HealthCheck': { what: 'health check of a zone', usd: price('healthCheckMonth') },
  'AWS::CloudWatch::Dashboard': { what: 'dashboard', usd: price('dashboardMonth') },
};

/** Services whose resources cost by what they do, which is counted below, or nothing. */
const uncharged = new Set(
  [
    'IAM',
    'EC2',
    'ECS',
    'AutoScaling',
    'Lambda',
    'Events',
    'Logs',
    'SQS',
    'SNS',
    'DynamoDB',
    'Route53',
    'ApiGatewayV2',
    'KinesisFirehose',
    'S3',
  ].concat(['ElasticLoadBalancingV2', 'ServiceDiscovery', 'CDK', 'AWS']),
);
/** What of them costs by being there and has no price here: that of an instance depends on its type. */
const unknown = new Set([
  'AWS::AutoScaling::AutoScalingGroup',
  'AWS::AutoScaling::WarmPool',
  'AWS::EC2::Instance',
  'AWS::EC2::NatGateway',
]);

function isPriced(type: string): boolean {
  if (type in byMonth || type === alarmType) return true;
  const [, service = ''] = type.split('::');
  return uncharged.has(service) && !unknown.has(type);
}

const alarmType = 'AWS::CloudWatch::Alarm';

function usageRows({ requests, events, queue, writes, reads, logBytes }: Usage): Row[] {
  const million = 1_000_000;
  return [
    {
      what: 'Lambda requests',
      count: requests,
      usd:
        (requests / million) * price('lambdaMillionRequests') +
        requests * secondsPerRequest * memoryGb * price('lambdaGbSecond'),
    },
    { what: 'events', count: events, usd: (events / million) * price('eventMillion') },
    { what: 'requests of queues', count: queue, usd: (queue / million) * price('queueMillion') },
    { what: 'table write units', count: writes, usd: (writes / million) * price('writeMillion') },
    { what: 'table read units', count: reads, usd: (reads / million) * price('readMillion') },
    { what: 'MB of logs', count: logBytes / million, usd: (logBytes / 1e9) * price('logGb') },
  ];
}

/** What a gateway costs while it is in a call, or free: its task and its address. */
function gatewayTime(tasks: readonly Row[]): Row[] {
  const gateway = tasks.filter(
    ({ what }) => what.startsWith('gateway on') || what.endsWith('of the gateway'),
  );
  if (gateway.length === 0) return [];
  const usdAnHour = gateway.reduce((sum, { usd, count }) => sum + usd / count, 0) / hoursPerMonth;
  const hours = (1000 * minutesOfCall) / 60;
  return [{ what: `gateway-hours, ${minutesOfCall} minutes a call`, count: hours, usd: hours * usdAnHour }];
}

const traces = (requests: number): Row => {
  const count = requests * tracedShare;
  return { what: 'traces', count, usd: (count / 1_000_000) * price('traceMillion') };
};

/** What others are given of each call, where the settings say so. A record counts as 5 KB at Firehose; it has less. */
function exportRows(template: Template): Row[] {
  const has = (type: string) => resourcesOf(template, type).length > 0;
  const megabytes = 1000 * recordMb;
  return [
    ...(has('AWS::KinesisFirehose::DeliveryStream')
      ? [{ what: 'MB of records to S3', count: megabytes, usd: (megabytes / 1000) * price('firehoseGb') }]
      : []),
    ...(has('AWS::Events::ApiDestination')
      ? [{ what: 'records sent to webhookUrl', count: 1000, usd: price('apiDestinationMillion') / 1000 }]
      : []),
  ];
}

const usdOf = (usage: Usage) => usageRows(usage).reduce((sum, { usd }) => sum + usd, 0);

/** What keeps the service alive: heartbeats of the edges, refreshes of the gateways, the clock. */
function aliveRows(template: Template, tasks: readonly Row[]): Row[] {
  const countOf = (what: string) =>
    tasks.filter((row) => row.what.startsWith(`${what} on`)).reduce((sum, { count }) => sum + count, 0);
  const schedules = resourcesOf(template, 'AWS::Events::Rule').filter(
    ({ Properties }) => Properties.ScheduleExpression !== undefined,
  ).length;
  const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').length;
  const row = (what: string, of: number, everySec: number, usage: Usage): Row => {
    const count = (of * secondsPerMonth) / everySec;
    return { what, count, usd: usdOf(times(count, usage)) };
  };
  return [
    row('heartbeats of edges', countOf('edge'), heartbeatSec, perHeartbeat),
    row('minutes of two functions kept warm by an edge', countOf('edge'), touchSec, perTouch),
    row('refreshes of gateways', countOf('gateway'), refreshSec, perRefresh),
    row('ticks of schedules, each minute', schedules, tickSec, perTick),
    row('looks into empty queues', mappings * pollsOfQueue, pollSec, perPoll),
  ].filter(({ count }) => count > 0);
}

/** What watching costs: an alarm is billed by the metrics in it, and each name of ours, and outcome, is a custom metric. */
function watchRows(template: Template): Row[] {
  const alarms = resourcesOf(template, alarmType);
  const inAlarms = alarms.reduce((sum, { Properties }) => {
    const parts = (Properties.Metrics ?? []) as { MetricStat?: unknown }[];
    return sum + Math.max(1, parts.filter(({ MetricStat }) => MetricStat !== undefined).length);
  }, 0);
  const custom = Object.keys(metrics).length + outcomes.length;
  return [
    {
      what: `metric in the ${alarms.length} alarms`,
      count: inAlarms,
      usd: inAlarms * price('alarmMetricMonth'),
    },
    { what: 'custom metric, at most', count: custom, usd: custom * price('metricMonth') },
  ];
}

/** @param template as `cdk synth` writes it */
export function estimate(template: Template): Estimate {
  const tasks = fargateRows(template);
  const fixed = Object.entries(byMonth).flatMap(([type, { what, usd }]) => {
    const count = resourcesOf(template, type).length;
    return count === 0 ? [] : [{ what, count, usd: count * usd }];
  });
  const types = new Set(Object.values(template.Resources).map(({ Type }) => Type));
  return {
    idle: [...tasks, ...fixed, ...watchRows(template), ...aliveRows(template, tasks)],
    perThousandCalls: [
      ...usageRows(times(1000, perCall)),
      ...gatewayTime(tasks),
      traces(1000 * perCall.requests),
      ...exportRows(template),
    ],
    perThousandRequests: [
      { what: 'requests to the HTTP API', count: 1000, usd: price('httpApiMillion') / 1000 },
      ...usageRows(times(1000, perApiRequest)).filter(({ count }) => count > 0),
    ],
    unpriced: [...types].filter((type) => !isPriced(type)),
  };
}

/** The estimate as the tables of docs/deploy.md. */
export function asMarkdown({ idle, perThousandCalls, perThousandRequests, unpriced }: Estimate): string {
  const number = (value: number) => value.toLocaleString('en-US', { maximumFractionDigits: 1 });
  const table = (title: string, unit: string, digits: number, rows: readonly Row[]) =>
    [
      `| ${title} | number | USD ${unit} |`,
      '| --- | ---: | ---: |',
      ...rows.map(({ what, count, usd }) => `| ${what} | ${number(count)} | ${usd.toFixed(digits)} |`),
      `| **together** | | **${rows.reduce((sum, { usd }) => sum + usd, 0).toFixed(digits)}** |`,
    ].join('\n');
  return [
    table('idle', 'a month', 2, idle),
    table('per thousand calls', 'more', 4, perThousandCalls),
    table('per thousand requests to the API', 'more', 4, perThousandRequests),
    ...(unpriced.length > 0 ? [`Not priced: ${unpriced.join(', ')}.`] : []),
  ].join('\n\n');
}
