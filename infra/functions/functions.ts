import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledgeTasksOf } from '../acknowledge.ts';
import { fleetEnvironment, grantFleet } from '../gateways/fleet.ts';
import type { Gateways } from '../gateways/gateways.ts';
import type { Settings } from '../settings.ts';
import { freeIndexName, readAndWrite, type StateTable, watchIndexName } from '../table.ts';
import { BundledFunction } from './bundled-function.ts';

/**
 * Less than the lease of a run (lambdas/functions/fleet/deps.ts), so that the next run begins when this one is over. One
 * that middy gave up may still act for a moment: what it writes names the lease, and is refused.
 */
const fleetTimeoutSec = 15;
/** The functions that callers' traffic drives, each with a share of the account's executions where one is reserved. */
const drivenByTraffic = new Set(['Register', 'Allocate', 'Calls', 'Fleet']);

export interface FunctionsProps {
  /** Directory with one directory of a bundle for each function. */
  bundles: string;
  settings: Settings;
  table: StateTable;
  gateways: Gateways;
  bus: EventBus;
}

/** The four functions of the service itself, each with the variables of docs/architecture.md and the least it must be allowed. */
export class Functions extends Construct {
  readonly register: lambda.Function;
  readonly allocate: lambda.Function;
  readonly calls: lambda.Function;
  readonly fleet: lambda.Function;

  /** All of them, as the dashboard and the alarms look at them. */
  get all(): readonly lambda.Function[] {
    return [this.register, this.allocate, this.calls, this.fleet];
  }

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const { settings, table } = props;
    const make = (
      name: string,
      description: string,
      timeoutSec: number,
      environment: Record<string, string> = {},
    ) =>
      new BundledFunction(this, name, {
        bundle: join(props.bundles, name.toLowerCase()),
        functionName: `${Stack.of(this).stackName}-${name.toLowerCase()}`,
        description,
        timeoutSec,
        environment: { TABLE_NAME: table.table.tableName, ...environment },
        logRetentionDays: settings.logRetentionDays,
        reservedConcurrency:
          drivenByTraffic.has(name) && settings.reservedConcurrency > 0
            ? settings.reservedConcurrency
            : undefined,
      }).function;
    const stackName = { STACK_NAME: Stack.of(this).stackName };
    const freeShards = { FREE_SHARDS: String(settings.freeShards) };
    const lockLease = { LOCK_LEASE_SEC: String(settings.lockLeaseSec) };
    const gatewayName = { GATEWAY_NAME: settings.gatewayName };

    // A SIP transaction waits for these two (Timer B: 32 s); the edge gives up long before.
    this.register = make('Register', 'Holds the bindings of the gateways', 5, {
      ...gatewayName,
      ...lockLease,
      ...freeShards,
    });
    // The index and the many items at once are for the queue of calls that wait for a gateway, PartiQL for refreshes that
    // came together.
    table.grant(this.register, [...readAndWrite, 'ConditionCheckItem', 'PartiQLUpdate'], [watchIndexName]);

    this.allocate = make('Allocate', 'Locks a free gateway for a call', 5, {
      WAIT_LIMIT_SEC: String(settings.waitLimitSec),
      ...lockLease,
      ...stackName,
      ...freeShards,
    });
    table.grant(this.allocate, readAndWrite, [freeIndexName, watchIndexName]);

    this.calls = make('Calls', 'Acts on the facts of calls: confirms, releases, ends', 30, {
      BUS_NAME: props.bus.eventBusName,
      CLUSTER: props.gateways.cluster.clusterName,
      AFTER_CALL: settings.afterCall,
      EDGE_LOST_GRACE_SEC: String(settings.edgeLostGraceSec),
      ...lockLease,
      ...stackName,
      ...freeShards,
    });
    table.grant(this.calls, [...readAndWrite, 'ConditionCheckItem'], [freeIndexName, watchIndexName]);
    this.calls.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['ecs:StopTask'],
        // The ids of tasks are not known before they run; the cluster is.
        resources: [props.gateways.taskArns],
        conditions: { ArnEquals: { 'ecs:cluster': props.gateways.cluster.clusterArn } },
      }),
    );

    props.bus.grantPutEventsTo(this.calls);
    if (this.calls.role) acknowledgeTasksOf(props.gateways.cluster, this.calls.role);

    this.fleet = make('Fleet', 'Starts and drains gateways, and cleans up after them', fleetTimeoutSec, {
      ...fleetEnvironment(settings, props.gateways),
      ...stackName,
      ...lockLease,
      ...freeShards,
    });
    grantFleet(this.fleet, table, props.gateways);
  }
}
