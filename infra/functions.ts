import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeTasksOf } from './acknowledge.ts';
import type { Gateways } from './gateways.ts';
import type { Settings } from './settings.ts';
import { freeIndexName, type StateTable, watchIndexName } from './table.ts';

interface BundledFunctionProps {
  /** Directory of the function's bundle, with `index.mjs` in it. */
  bundle: string;
  functionName: string;
  description: string;
  timeoutSec: number;
  environment: Record<string, string>;
  logRetentionDays: number;
  /** Executions that are its own, of the account's; undefined takes from what all share. */
  reservedConcurrency: number | undefined;
  /** Where an asynchronous event goes that failed for good. Without it the function is only ever invoked for its answer. */
  deadLetters?: sqs.IQueue;
}

/** The functions that callers' traffic drives, each with a share of the account's executions where one is reserved. */
const drivenByTraffic = new Set(['Register', 'Allocate', 'Calls']);

/** A function made of one bundle, allowed nothing but to write its own log. */
class BundledFunction extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetentionDays as logs.RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Instead of AWSLambdaBasicExecutionRole, which may write every log group of the account.
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    this.function = new lambda.Function(this, 'Function', {
      // Known by the stack's name alone: `npm run pool -- --stack` finds it without asking CloudFormation.
      functionName: props.functionName,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(props.bundle),
      // A whole vCPU comes at 1769 MB; half of one answers in the same time here, since it mostly waits for the table.
      memorySize: 1024,
      timeout: Duration.seconds(props.timeoutSec),
      environment: { ...props.environment, NODE_OPTIONS: '--enable-source-maps' },
      tracing: lambda.Tracing.ACTIVE,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
      logGroup,
      role,
      ...(props.deadLetters && {
        onFailure: new SqsDestination(props.deadLetters),
        retryAttempts: 2,
        maxEventAge: Duration.hours(6),
      }),
    });
    acknowledge(role, 'IAM5[Resource::*]', 'xray:PutTraceSegments has no resource to name');
  }
}

export interface FunctionsProps {
  /** Directory with one directory of a bundle for each function. */
  bundles: string;
  settings: Settings;
  table: StateTable;
  deadLetters: sqs.IQueue;
  gateways: Gateways;
}

/** The four functions, each with the variables of docs/architecture.md and the least it must be allowed. */
export class Functions extends Construct {
  readonly register: lambda.Function;
  readonly allocate: lambda.Function;
  readonly calls: lambda.Function;
  readonly inspect: lambda.Function;

  /** All of them, as the dashboard and the alarms look at them. */
  get all(): readonly lambda.Function[] {
    return [this.register, this.allocate, this.calls, this.inspect];
  }

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const { settings, table } = props;
    const make = (
      name: string,
      description: string,
      timeoutSec: number,
      environment: Record<string, string> = {},
      deadLetters?: sqs.IQueue,
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
        ...(deadLetters && { deadLetters }),
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
    // The index and the many items at once are for the queue of calls that wait for a gateway.
    table.grant(
      this.register,
      [
        'dynamodb:GetItem',
        'dynamodb:BatchGetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:ConditionCheckItem',
      ],
      [watchIndexName],
    );

    this.allocate = make('Allocate', 'Locks a free gateway for a call', 5, {
      WAIT_LIMIT_SEC: String(settings.waitLimitSec),
      ...lockLease,
      ...stackName,
      ...freeShards,
    });
    table.grant(
      this.allocate,
      [
        'dynamodb:GetItem',
        'dynamodb:BatchGetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
      ],
      [freeIndexName, watchIndexName],
    );

    this.calls = make(
      'Calls',
      'Acts on the facts of calls: confirms, releases, ends',
      30,
      {
        CLUSTER: props.gateways.cluster.clusterName,
        AFTER_CALL: settings.afterCall,
        EDGE_LOST_GRACE_SEC: String(settings.edgeLostGraceSec),
        ...lockLease,
        ...stackName,
        ...freeShards,
      },
      props.deadLetters,
    );
    table.grant(
      this.calls,
      [
        'dynamodb:GetItem',
        'dynamodb:BatchGetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
      ],
      [freeIndexName, watchIndexName],
    );
    this.calls.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['ecs:StopTask'],
        // The ids of tasks are not known before they run; the cluster is.
        resources: [props.gateways.taskArns],
        conditions: { ArnEquals: { 'ecs:cluster': props.gateways.cluster.clusterArn } },
      }),
    );

    if (this.calls.role) acknowledgeTasksOf(props.gateways.cluster, this.calls.role);

    this.inspect = make('Inspect', 'Shows the pool and the calls to people', 10);
    table.grant(this.inspect, ['dynamodb:GetItem', 'dynamodb:Scan']);
  }
}
