import { readFileSync } from 'node:fs';
import { metrics } from '../../contracts/metrics.ts';
import { outcomes } from '../../contracts/outcomes.ts';
import {
  heartbeatSec,
  memoryGb,
  minutesOfCall,
  perCall,
  perHeartbeat,
  perRefresh,
  perTick,
  refreshSec,
  secondsPerRequest,
  tickSec,
  times,
  tracedShare,
  type Usage,
} from './usage.ts';

/* What a template costs, idle and by the call: its own sizes and counts, times the prices of prices.json. */

type Properties = Record<string, unknown>;

export interface Template {
  Resources: Record<string, { Type: string; Properties?: Properties }>;
}

export interface Row {
  what: string;
  count: number;
  /** USD a month. */
  usd: number;
}

export interface Estimate {
  /** What is there whether or not anybody calls, by the month. */
  idle: Row[];
  /** What a thousand calls add. */
  perThousandCalls: Row[];
  /** Types of the template that cost something which is not known here. */
  unpriced: string[];
}

const { prices, hoursPerMonth } = JSON.parse(
  readFileSync(new URL('./prices.json', import.meta.url), 'utf8'),
) as {
  prices: Record<string, { usd: number }>;
  hoursPerMonth: number;
};
const secondsPerMonth = hoursPerMonth * 3600;

/** @throws Error where there is no such price */
function price(name: string): number {
  const found = prices[name];
  if (!found) throw new Error(`no price ${name}`);
  return found.usd;
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
  ].concat(['ElasticLoadBalancingV2', 'ServiceDiscovery', 'CDK']),
);
/** What of them costs by being there and has no price here: that of an instance depends on its type. */
const unknown = new Set(['AWS::AutoScaling::AutoScalingGroup', 'AWS::EC2::Instance', 'AWS::EC2::NatGateway']);

function isPriced(type: string): boolean {
  if (type in byMonth || type === alarmType) return true;
  const [, service = ''] = type.split('::');
  return uncharged.has(service) && !unknown.has(type);
}

const alarmType = 'AWS::CloudWatch::Alarm';

const resourcesOf = ({ Resources }: Template, type: string) =>
  Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) =>
    Type === type ? [{ id, Properties }] : [],
  );

type Reference = { Ref: string };

/** Fargate tasks that are kept running: the edges by their services, the free gateways by the fleet function. */
function fargateRows(template: Template): Row[] {
  const services = resourcesOf(template, 'AWS::ECS::Service').flatMap(({ Properties }) => {
    const { AwsvpcConfiguration: network } = (Properties.NetworkConfiguration ?? {}) as {
      AwsvpcConfiguration?: { AssignPublicIp?: string };
    };
    const isPublic = network?.AssignPublicIp === 'ENABLED';
    const count = Number(Properties.DesiredCount ?? 1);
    return tasksOf(template, 'edge', Properties.TaskDefinition as Reference, count, isPublic);
  });
  const gateways = resourcesOf(template, 'AWS::Lambda::Function').flatMap(({ Properties }) => {
    const { Variables = {} } = (Properties.Environment ?? {}) as { Variables?: Properties };
    if (typeof Variables.POOL_POLICY !== 'string') return [];
    const count = Math.min(freeGateways(Variables.POOL_POLICY), Number(Variables.POOL_MAX));
    return tasksOf(template, 'gateway', Variables.TASK_DEFINITION as Reference, count, true);
  });
  return merged([...gateways, ...services]);
}

/** How many gateways a policy keeps free at least, at the beginning of a day without times of its own. */
function freeGateways(policy: string): number {
  const { minFree, timeline, ...original } = JSON.parse(policy);
  if (minFree !== undefined) return Number(minFree);
  const { auto_scale_threshold: days } = timeline ?? original;
  return Number((days.default ?? days)['00:00:00']?.unlockedMin ?? 0);
}

function tasksOf(
  template: Template,
  what: string,
  { Ref }: Reference,
  count: number,
  isPublic: boolean,
): Row[] {
  const definition = template.Resources[Ref]?.Properties ?? {};
  const fargate = ((definition.RequiresCompatibilities ?? []) as string[]).includes('FARGATE');
  if (!fargate || count === 0) return [];
  const { CpuArchitecture } = (definition.RuntimePlatform ?? {}) as { CpuArchitecture?: string };
  const arm = CpuArchitecture === 'ARM64';
  const vCpu = Number(definition.Cpu) / 1024;
  const gb = Number(definition.Memory) / 1024;
  const hour =
    vCpu * price(arm ? 'fargateArmCpuHour' : 'fargateCpuHour') +
    gb * price(arm ? 'fargateArmGbHour' : 'fargateGbHour');
  const address = {
    what: `public address of the ${what}`,
    count,
    usd: count * price('publicIpv4Hour') * hoursPerMonth,
  };
  return [
    {
      what: `${what} on Fargate, ${vCpu} vCPU, ${gb} GB${arm ? ', Arm' : ''}`,
      count,
      usd: count * hour * hoursPerMonth,
    },
    ...(isPublic ? [address] : []),
  ];
}

function merged(rows: readonly Row[]): Row[] {
  const byWhat = new Map<string, Row>();
  for (const row of rows) {
    const seen = byWhat.get(row.what);
    byWhat.set(row.what, seen ? { ...seen, count: seen.count + row.count, usd: seen.usd + row.usd } : row);
  }
  return [...byWhat.values()];
}

function usageRows({ requests, events, writes, reads, logBytes }: Usage): Row[] {
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

const usdOf = (usage: Usage) => usageRows(usage).reduce((sum, { usd }) => sum + usd, 0);

/** What keeps the service alive: heartbeats of the edges, refreshes of the gateways, the clock. */
function aliveRows(template: Template, tasks: readonly Row[]): Row[] {
  const countOf = (what: string) =>
    tasks.filter((row) => row.what.startsWith(`${what} on`)).reduce((sum, { count }) => sum + count, 0);
  const schedules = resourcesOf(template, 'AWS::Events::Rule').filter(
    ({ Properties }) => Properties.ScheduleExpression !== undefined,
  ).length;
  const row = (what: string, of: number, everySec: number, usage: Usage): Row => {
    const count = (of * secondsPerMonth) / everySec;
    return { what, count, usd: usdOf(times(count, usage)) };
  };
  return [
    row('heartbeats of edges', countOf('edge'), heartbeatSec, perHeartbeat),
    row('refreshes of gateways', countOf('gateway'), refreshSec, perRefresh),
    row('ticks of schedules, each minute', schedules, tickSec, perTick),
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
    ],
    unpriced: [...types].filter((type) => !isPriced(type)),
  };
}

/** The estimate as the tables of docs/deploy.md. */
export function asMarkdown({ idle, perThousandCalls, unpriced }: Estimate): string {
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
    ...(unpriced.length > 0 ? [`Not priced: ${unpriced.join(', ')}.`] : []),
  ].join('\n\n');
}
