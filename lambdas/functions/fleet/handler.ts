import { randomBytes } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { ECSClient } from '@aws-sdk/client-ecs';
import type { Measurement } from '../../../contracts/metrics.ts';
import { startMeasurements } from '../../domain/fleet/measurements.ts';
import { parsePolicy } from '../../domain/fleet/read-policy.ts';
import { awsClientConfig, dynamoDbClient, pause } from '../../runtime/aws-clients.ts';
import { commandHandler } from '../../runtime/command-handler.ts';
import { fromApi, gatewayEcs } from '../../runtime/ecs-gateways.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { type BatchAnswer, collectFailures, readBatch } from '../../runtime/fact-batch.ts';
import { openMetrics } from '../../runtime/metrics.ts';
import { taskStopper } from '../../runtime/task-stopper.ts';
import { openTable } from '../../store/table.ts';
import { decideAndAct, type FleetReport } from './decide-and-act.ts';
import type { FleetDeps } from './deps.ts';
import { type FleetInput, fleetEventSchema, fleetInputSchema } from './input.ts';
import { KnownDemand } from './known-demand.ts';
import { takeEvents } from './take-events.ts';

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
  'POOL_START_SEC',
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
    startSec: environment.POOL_START_SEC,
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

async function fleet(input: FleetInput, logger: Logger): Promise<FleetReport | BatchAnswer> {
  const deps: FleetDeps = { ...common, warn: (message, details) => logger.warn(message, details) };
  if ('Records' in input) {
    const { failed, answer } = collectFailures(logger, measure);
    const told = readBatch(input, fleetEventSchema, failed).map(({ messageId, event }) => ({
      messageId,
      event: event.source === 'aws.ecs' ? fromApi(event.detail) : event.detail,
    }));
    const report = await takeEvents(told, deps, failed);
    if (report !== undefined) tell(report, false, logger);
    return answer;
  }
  const tick = isTick(input);
  const report = await decideAndAct({ name: tick ? 'every minute' : input['detail-type'], tick }, deps);
  tell(report, tick, logger);
  return report;
}

const isTick = (input: FleetInput) => 'detail-type' in input && input['detail-type'] === 'Scheduled Event';

/** Most runs find nothing to do: a line for each would bury the rest. */
function tell(report: FleetReport, tick: boolean, logger: Logger): void {
  if (report.result !== 'decided') return;
  measure(poolMeasurements(report, tick));
  const { started, failed, registered, drained, ended } = report;
  if (started + failed + registered + drained + ended > 0) logger.info('done', { ...report });
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

/** Keeps as many gateways as calls need: starts them, drains them, and cleans up after those that are gone. */
export const handler = commandHandler({
  service: 'fleet',
  schema: fleetInputSchema,
  logKeys: (input) =>
    'Records' in input ? { events: input.Records.length } : { event: input['detail-type'] },
  run: fleet,
  summary: () => undefined,
});
