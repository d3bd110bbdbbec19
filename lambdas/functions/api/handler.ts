import { randomBytes } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import middy from '@middy/core';
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import { callsEventSource } from '../../../contracts/call-record.ts';
import { apiEventSource } from '../../../contracts/operator-fact.ts';
import { awsClientConfig, dynamoDbClient } from '../../runtime/aws-clients.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { factTeller } from '../../runtime/fact-teller.ts';
import { openMetrics } from '../../runtime/metrics.ts';
import { sharedSecret } from '../../runtime/shared-secret.ts';
import { taskStopper } from '../../runtime/task-stopper.ts';
import { openTable } from '../../store/table.ts';
import { apiApp } from './app.ts';
import { serveConsole } from './console.ts';

const environment = readEnvironment([
  'TABLE_NAME',
  'BUS_NAME',
  'STACK_NAME',
  'MEDIA_REPORT_SECRET_ARN',
  'CLUSTER',
  'FREE_SHARDS',
  'ROLE_CLAIM',
  'VIEWER_ROLE',
  'OPERATOR_ROLE',
  'AFTER_CALL',
  'LOCK_LEASE_SEC',
  'WAIT_LIMIT_SEC',
  'EDGE_LOST_GRACE_SEC',
  'POOL_POLICY',
  'POOL_MAX',
  'POOL_TIME_ZONE',
]);
const logger = new Logger({ serviceName: 'api' });
const bus = new EventBridgeClient(awsClientConfig);

const app = apiApp({
  table: openTable(dynamoDbClient(), environment.TABLE_NAME),
  now: Date.now,
  freeShards: environment.FREE_SHARDS,
  roles: {
    claim: environment.ROLE_CLAIM,
    viewer: environment.VIEWER_ROLE,
    operator: environment.OPERATOR_ROLE,
  },
  settings: {
    afterCall: environment.AFTER_CALL,
    lockLeaseSec: environment.LOCK_LEASE_SEC,
    waitLimitSec: environment.WAIT_LIMIT_SEC,
    edgeLostGraceSec: environment.EDGE_LOST_GRACE_SEC,
    poolMax: environment.POOL_MAX,
    poolTimeZone: environment.POOL_TIME_ZONE,
    poolPolicy: environment.POOL_POLICY,
  },
  stopTask: taskStopper(new ECSClient(awsClientConfig), environment.CLUSTER),
  tell: factTeller(bus, environment.BUS_NAME, apiEventSource),
  tellRecord: factTeller(bus, environment.BUS_NAME, callsEventSource),
  newId: () => randomBytes(8).toString('hex'),
  reportSecrets: sharedSecret(
    new SecretsManagerClient(awsClientConfig),
    environment.MEDIA_REPORT_SECRET_ARN,
    Date.now,
    (error) => logger.error('failed', error),
  ),
  measure: openMetrics(environment.STACK_NAME),
  refused: ({ body }, about) => logger.warn('media report refused', { ...about, problem: body }),
  failed: (error) => logger.error('failed', error),
});
serveConsole(app, new URL('./console/', import.meta.url));
const answer = handle(app);

/** Answers those who run the service: what is there, what was, and what they ask to be done. */
export const handler = middy({ timeoutEarlyInMillis: 0 })
  .use(injectLambdaContext(logger, { resetKeys: true }))
  .handler((event: unknown, context) => answer(event as LambdaEvent, context as unknown as LambdaContext));
