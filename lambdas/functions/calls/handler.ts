import type { Logger } from '@aws-lambda-powertools/logger';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { callsEventSource } from '../../../contracts/call-record.ts';
import type { ListEdgeCallsAnswer, RenewEdgeAnswer } from '../../../contracts/commands.ts';
import { aboutCall } from '../../domain/call/measurements.ts';
import { awsClientConfig, dynamoDbClient, pause } from '../../runtime/aws-clients.ts';
import { factEventSchema } from '../../runtime/bus-events.ts';
import { commandHandler } from '../../runtime/command-handler.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { type Batch, type BatchAnswer, collectFailures, readBatch } from '../../runtime/fact-batch.ts';
import { factTeller } from '../../runtime/fact-teller.ts';
import { openMetrics } from '../../runtime/metrics.ts';
import { taskStopper } from '../../runtime/task-stopper.ts';
import { openTable } from '../../store/table.ts';
import { type CallsInput, callsInputSchema, isConsumed } from './input.ts';
import { listEdgeCalls } from './list-edge-calls.ts';
import { measurePool } from './measure-pool.ts';
import { noteMinute } from './note-minute.ts';
import { keepLease, renewEdge } from './renew-edge.ts';
import { type SweepReport, sweep } from './sweep.ts';
import { takeFacts } from './take-facts.ts';
import type { CallsDeps } from './tell-records.ts';

const environment = readEnvironment([
  'TABLE_NAME',
  'BUS_NAME',
  'STACK_NAME',
  'CLUSTER',
  'AFTER_CALL',
  'FREE_SHARDS',
  'LOCK_LEASE_SEC',
  'EDGE_LOST_GRACE_SEC',
]);
const deps: CallsDeps = {
  table: openTable(dynamoDbClient(), environment.TABLE_NAME),
  now: Date.now,
  pause,
  measure: openMetrics(environment.STACK_NAME),
  stopTask: taskStopper(new ECSClient(awsClientConfig), environment.CLUSTER),
  tell: factTeller(new EventBridgeClient(awsClientConfig), environment.BUS_NAME, callsEventSource),
  afterCall: environment.AFTER_CALL,
  freeShards: environment.FREE_SHARDS,
  leaseMs: environment.LOCK_LEASE_SEC * 1000,
  graceMs: environment.EDGE_LOST_GRACE_SEC * 1000,
};

type Answer = ListEdgeCallsAnswer | RenewEdgeAnswer | SweepReport | BatchAnswer;

async function calls(input: CallsInput, logger: Logger): Promise<Answer> {
  if ('command' in input) {
    if (input.command === 'renewEdge') return renewEdge(input, deps);
    // First: calls that were ended since their edge was thought lost are then among those that it holds.
    await keepLease(input, deps);
    return listEdgeCalls(input, deps);
  }
  if ('Records' in input) return takeBatch(input, logger);
  // Counted first: a sweep that fails shall not leave the pool unseen.
  const counts = await measurePool(deps);
  deps.measure(counts);
  const report = await sweep(deps);
  await noteMinute(counts, deps);
  return report;
}

async function takeBatch(batch: Batch, logger: Logger): Promise<BatchAnswer> {
  const { failed, answer } = collectFailures(logger, deps.measure);
  const told = readBatch(batch, factEventSchema, failed).flatMap(({ messageId, event: { detail } }) =>
    isConsumed(detail) ? { messageId, event: detail } : [],
  );
  await takeFacts(told, deps, failed);
  for (const { event } of told) {
    const { type, id, edgeId } = event;
    logger.info('taken', { event: type, factId: id, edgeId, ...aboutCall(event) });
  }
  return answer;
}

/** Acts on what has happened to calls: confirms, releases, ends; and sweeps what nobody tells of any more. */
export const handler = commandHandler({
  service: 'calls',
  schema: callsInputSchema,
  logKeys: (input) => {
    if ('command' in input) return { command: input.command, edgeId: input.edgeId };
    return 'Records' in input ? { facts: input.Records.length } : { event: 'sweep' };
  },
  run: calls,
  summary: (answer) => {
    // Each of its facts has a line of its own.
    if ('batchItemFailures' in answer) return undefined;
    // Asked every two seconds by each edge: a line only where there is something to tell.
    if ('hangups' in answer)
      return answer.hangups.length > 0 ? { hangups: answer.hangups.length } : undefined;
    return 'calls' in answer ? { calls: answer.calls.length } : { ...answer, more: String(answer.more) };
  },
});
