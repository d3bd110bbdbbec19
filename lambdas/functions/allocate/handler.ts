import type { Logger } from '@aws-lambda-powertools/logger';
import { allocateGatewaySchema } from '../../../contracts/commands.ts';
import { dynamoDbClient, pause } from '../../runtime/aws-clients.ts';
import { batchHandler } from '../../runtime/batch-handler.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { openMetrics } from '../../runtime/metrics.ts';
import { openTable } from '../../store/table.ts';
import { type AllocateDeps, allocateGateway } from './allocate-gateway.ts';
import { SharedCandidates } from './candidates.ts';

const environment = readEnvironment([
  'TABLE_NAME',
  'STACK_NAME',
  'LOCK_LEASE_SEC',
  'FREE_SHARDS',
  'WAIT_LIMIT_SEC',
]);
const table = openTable(dynamoDbClient(), environment.TABLE_NAME);
const measure = openMetrics(environment.STACK_NAME);

const depsOf = (logger: Logger): AllocateDeps => ({
  table,
  now: Date.now,
  random: Math.random,
  pause,
  measure,
  warn: (message, error) => logger.warn(message, error),
  leaseMs: environment.LOCK_LEASE_SEC * 1000,
  freeShards: environment.FREE_SHARDS,
  waitLimitMs: environment.WAIT_LIMIT_SEC * 1000,
});

/** Locks a free gateway for a call, or for each of several. */
export const handler = batchHandler({
  service: 'allocate',
  schema: allocateGatewaySchema,
  logKeys: ({ callId, traceId, edgeId, attempt }) => ({ callId, traceId, edgeId, attempt }),
  share: (batch, logger) => {
    const deps = depsOf(logger);
    const pool = new SharedCandidates(table, batch.length);
    return (command) => allocateGateway(command, deps, pool);
  },
  summary: (answer) => ({
    result: answer.result,
    ...(answer.result === 'granted' && { gateway: answer.username }),
    ...(answer.result === 'waiting' && { cause: answer.cause, ahead: answer.ahead }),
    ...(answer.result === 'refused' && { outcome: answer.outcome, cause: answer.cause }),
  }),
});
