import { randomBytes } from 'node:crypto';
import { ECSClient } from '@aws-sdk/client-ecs';
import type { Measurement } from '../../../contracts/metrics.ts';
import { startMeasurements } from '../../domain/fleet/measurements.ts';
import { parsePolicy } from '../../domain/fleet/read-policy.ts';
import { awsClientConfig, dynamoDbClient, pause } from '../../runtime/aws-clients.ts';
import { callKeys, commandHandler } from '../../runtime/command-handler.ts';
import { fromApi, gatewayEcs } from '../../runtime/ecs-gateways.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { openMetrics } from '../../runtime/metrics.ts';
import { taskStopper } from '../../runtime/task-stopper.ts';
import { openTable } from '../../store/table.ts';
import { decideAndAct, type FleetReport } from './decide-and-act.ts';
import type { FleetDeps } from './deps.ts';
import { type FleetInput, fleetInputSchema } from './input.ts';
import { KnownDemand, noteDemand } from './known-demand.ts';
import { takeRegistration } from './take-registration.ts';
import { takeTaskEvent } from './take-task-event.ts';

const environment = readEnvironment([
  'TABLE_NAME',
  'STACK_NAME',
  'CLUSTER',
  'TASK_DEFINITION',
  'CAPACITY_PROVIDER',
  'SUBNETS',
  'SECURITY_GROUPS',
  'GATEWAY_NAME',
  'GATEWAY_ID',
  'AFTER_CALL',
  'FREE_SHARDS',
  'EDGE_LOST_GRACE_SEC',
  'LOCK_LEASE_SEC',
  'POOL_POLICY',
  'POOL_MAX',
  'POOL_TIME_ZONE',
]);
// No caller waits for what is asked here, and ECS throttles whoever starts many: more tries, with longer pauses.
const ecs = new ECSClient({ ...awsClientConfig, maxAttempts: 4 });
const measure = openMetrics(environment.STACK_NAME);
const common: Omit<FleetDeps, 'warn'> = {
  table: openTable(dynamoDbClient(), environment.TABLE_NAME),
  now: Date.now,
  pause,
  random: Math.random,
  newId: () => randomBytes(8).toString('hex'),
  measure,
  stopTask: taskStopper(ecs, environment.CLUSTER),
  ecs: gatewayEcs(ecs, {
    cluster: environment.CLUSTER,
    taskDefinition: environment.TASK_DEFINITION,
    capacityProvider: environment.CAPACITY_PROVIDER,
    subnets: environment.SUBNETS,
    securityGroups: environment.SECURITY_GROUPS,
  }),
  policy: parsePolicy(environment.POOL_POLICY, {
    timeZone: environment.POOL_TIME_ZONE,
    maxGateways: environment.POOL_MAX,
    gateways: environment.AFTER_CALL === 'stop' ? 'single-use' : 'reuse',
  }),
  knownDemand: new KnownDemand(),
  gatewayName: environment.GATEWAY_NAME,
  gatewayId: environment.GATEWAY_ID,
  afterCall: environment.AFTER_CALL,
  freeShards: environment.FREE_SHARDS,
  leaseMs: environment.LOCK_LEASE_SEC * 1000,
  graceMs: environment.EDGE_LOST_GRACE_SEC * 1000,
  registered: (task) => measure(startMeasurements(task), { startId: task.startId }),
};

type Decided = Extract<FleetReport, { result: 'decided' }>;

async function fleet(input: FleetInput, deps: FleetDeps): Promise<FleetReport> {
  if ('detail' in input) {
    if (input.source === 'aws.ecs') await takeTaskEvent(fromApi(input.detail), deps);
    else {
      if (input.detail.type === 'gateway.registered') await takeRegistration(input.detail, deps);
      await noteDemand(input.detail, deps);
    }
  }
  const tick = !('detail' in input);
  const report = await decideAndAct({ name: nameOf(input), tick }, deps);
  if (report.result === 'decided') measure(poolMeasurements(report, tick));
  return report;
}

function nameOf(input: FleetInput): string {
  if (!('detail' in input)) return 'every minute';
  return input.source === 'aws.ecs' ? `task ${input.detail.lastStatus}` : input.detail.type;
}

/** How the pool stands, once a minute; what went wrong, whenever it does. */
function poolMeasurements(report: Decided, tick: boolean): Measurement[] {
  const failed: Measurement[] = report.failed > 0 ? [{ name: 'FailedStarts', value: report.failed }] : [];
  if (!tick) return failed;
  return [
    ...failed,
    { name: 'ManagedGateways', value: report.managed },
    { name: 'StartingGateways', value: report.starting },
    { name: 'WaitingCalls', value: report.waiting },
    { name: 'StartsFailing', value: Number(report.startsFailing) },
  ];
}

/** Most runs find nothing to do: a line for each would bury the rest. */
function isNotable(report: FleetReport): report is Decided {
  if (report.result !== 'decided') return false;
  const { started, failed, registered, drained, ended } = report;
  return started + failed + registered + drained + ended > 0;
}

/** Keeps as many gateways as calls need: starts them, drains them, and cleans up after those that are gone. */
export const handler = commandHandler({
  service: 'fleet',
  schema: fleetInputSchema,
  logKeys: (input) => {
    const event = nameOf(input);
    if (!('detail' in input)) return { event };
    if (input.source === 'aws.ecs') return { event, taskId: fromApi(input.detail).taskId };
    return { event, ...callKeys(input.detail) };
  },
  run: (input, logger) =>
    fleet(input, { ...common, warn: (message, details) => logger.warn(message, details) }),
  summary: (report) =>
    isNotable(report) ? { ...report, startsFailing: String(report.startsFailing) } : undefined,
});
