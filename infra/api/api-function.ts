import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledgeTasksOf } from '../acknowledge.ts';
import { BundledFunction } from '../functions/bundled-function.ts';
import type { Gateways } from '../gateways/gateways.ts';
import { poolPolicy } from '../gateways/pool-policy.ts';
import type { GatewaySecret } from '../secret.ts';
import type { Settings } from '../settings.ts';
import {
  callsIndexName,
  freeIndexName,
  gatewaysIndexName,
  type StateTable,
  watchIndexName,
} from '../table.ts';

export interface ApiFunctionProps {
  /** Directory with one directory of a bundle for each function. */
  bundles: string;
  settings: Settings;
  table: StateTable;
  bus: EventBus;
  gateways: Gateways;
  /** What the passwords of gateways follow from. */
  reportSecret: GatewaySecret;
}

/** The function behind the API, with the variables of docs/architecture.md and the least it must be allowed. */
export class ApiFunction extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: ApiFunctionProps) {
    super(scope, id);
    const { bundles, settings, table, bus, gateways, reportSecret } = props;
    this.function = new BundledFunction(this, 'Api', {
      bundle: join(bundles, 'api'),
      functionName: `${Stack.of(this).stackName}-api`,
      description: 'Shows those who run it the pool and the calls, and does what they ask',
      // API Gateway waits 30 s; nobody at a screen does.
      timeoutSec: 15,
      environment: {
        TABLE_NAME: table.table.tableName,
        BUS_NAME: bus.eventBusName,
        STACK_NAME: Stack.of(this).stackName,
        MEDIA_REPORT_SECRET_ARN: reportSecret.secret.secretArn,
        CLUSTER: gateways.cluster.clusterName,
        FREE_SHARDS: String(settings.freeShards),
        ROLE_CLAIM: settings.oidcRoleClaim,
        VIEWER_ROLE: settings.oidcViewerRole,
        OPERATOR_ROLE: settings.oidcOperatorRole,
        AFTER_CALL: settings.afterCall,
        LOCK_LEASE_SEC: String(settings.lockLeaseSec),
        WAIT_LIMIT_SEC: String(settings.waitLimitSec),
        EDGE_LOST_GRACE_SEC: String(settings.edgeLostGraceSec),
        POOL_POLICY: poolPolicy(settings),
        POOL_MAX: String(settings.poolMax),
        POOL_TIME_ZONE: settings.poolTimeZone,
      },
      logRetentionDays: settings.logRetentionDays,
      reservedConcurrency: undefined,
    }).function;
    // It writes orders, hang-ups, gateways that it drains, how the media of calls went, and what operators did; it deletes nothing.
    const actions = ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'] as const;
    table.grant(this.function, actions, [freeIndexName, watchIndexName, callsIndexName, gatewaysIndexName]);
    bus.grantPutEventsTo(this.function);
    reportSecret.secret.grantRead(this.function);
    this.function.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['ecs:StopTask'],
        resources: [gateways.taskArns],
        conditions: { ArnEquals: { 'ecs:cluster': gateways.cluster.clusterArn } },
      }),
    );
    if (this.function.role) acknowledgeTasksOf(gateways.cluster, this.function.role);
  }
}
