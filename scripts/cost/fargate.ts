import { hoursPerMonth, price } from './prices.ts';
import { type Properties, type Row, resourcesOf, type Template } from './template.ts';

type Reference = { Ref: string };

/** Fargate tasks that are kept running: the edges by their services, the free gateways by the fleet function. */
export function fargateRows(template: Template): Row[] {
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
    // Of two functions that know the policy, one starts gateways.
    if (typeof Variables.POOL_POLICY !== 'string' || Variables.TASK_DEFINITION === undefined) return [];
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
