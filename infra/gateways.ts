import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { currentSecretKey, type SipSecret } from './secret.ts';
import type { Settings } from './settings.ts';

export interface GatewaysProps {
  /** Directory of the gateway's image (Dockerfile). */
  image: string;
  settings: Settings;
  secret: SipSecret;
}

/** Where gateways run, and how one is started. Each takes its username's prefix from its task's id. */
export class Gateways extends Construct {
  readonly clusterName: string;
  readonly clusterArn: string;
  /** ARN pattern of the cluster's tasks. */
  readonly taskArns: string;
  readonly taskDefinition: ecs.FargateTaskDefinition;

  constructor(scope: Construct, id: string, { image, settings, secret }: GatewaysProps) {
    super(scope, id);
    // The L2 cluster would make a network of its own; gateways run in the one of the edge.
    const cluster = new ecs.CfnCluster(this, 'Cluster', { capacityProviders: ['FARGATE', 'FARGATE_SPOT'] });
    this.clusterName = cluster.ref;
    this.clusterArn = cluster.attrArn;
    this.taskArns = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${cluster.ref}/*`,
    });

    const arm = settings.gatewayArchitecture === 'arm64';
    this.taskDefinition = new ecs.FargateTaskDefinition(this, 'Task', {
      family: 'gateway',
      cpu: settings.gatewayCpuUnits,
      memoryLimitMiB: settings.gatewayMemoryMiB,
      runtimePlatform: {
        cpuArchitecture: arm ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
    this.taskDefinition.addContainer('gateway', {
      image: ecs.ContainerImage.fromAsset(image, {
        platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      }),
      essential: true,
      environment: {
        SIP_DOMAIN: settings.domain,
        GW_NAME_PREFIX: settings.gatewayName,
        GW_ID: '1',
        AFTER_CALL: settings.afterCall,
      },
      secrets: { SIP_SECRET: ecs.Secret.fromSecretsManager(secret.secret as ISecret, currentSecretKey) },
      stopTimeout: Duration.seconds(settings.gatewayStopTimeoutSec),
      logging: ecs.LogDrivers.awsLogs({
        streamPrefix: 'gateway',
        logGroup: new logs.LogGroup(this, 'Log', {
          retention: settings.logRetentionDays as logs.RetentionDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      }),
    });
  }
}
