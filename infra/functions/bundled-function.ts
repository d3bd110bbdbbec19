import { type CfnResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { dependNotOn } from '../depend-not-on.ts';

export interface BundledFunctionProps {
  /** Directory of the function's bundle, with `index.mjs` in it. */
  bundle: string;
  functionName: string;
  description: string;
  timeoutSec: number;
  environment: Record<string, string>;
  logRetentionDays: number;
  /** Executions that are its own, of the account's; undefined takes from what all share. */
  reservedConcurrency: number | undefined;
}

/** A function made of one bundle, allowed nothing but to write its own log. */
export class BundledFunction extends Construct {
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
      // Known by the stack's name alone: `npx switchroom --stack` finds it without asking CloudFormation.
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
      // Invoked for an answer, for a batch that a queue gives again, or for what is said again by itself.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
    });
    dependNotOn(role.node.defaultChild as CfnResource, this.function.node.defaultChild as CfnResource);
    acknowledge(role, 'IAM5[Resource::*]', 'xray:PutTraceSegments has no resource to name');
  }
}
