import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  acknowledge,
  acknowledgeRegistryLogin,
  noContainerInsights,
  settingsInEnvironment,
} from '../acknowledge.ts';
import type { Network } from '../network.ts';
import { currentSecretKey, type SipSecret } from '../secret.ts';
import type { Settings } from '../settings.ts';
import { GatewayInstances, gatewayDevices } from './gateway-instances.ts';

/** What SIPMediaGW's own .env sets, which is beside the image and not in it (release 1.8.5). */
const sipMediaGwEnvironment = {
  MAIN_APP: 'baresip',
  SIP_PROTOCOL: 'tcp',
  DISPLAY_WEB: ':99',
  DISPLAY_APP: ':100',
  VID_SIZE_APP: '1280x720',
  VID_SIZE_WEBRTC: '1280x720',
  WITH_ALSA: 'true',
  BFCP_FLOORCTRL: 'c-only',
  IVR_LANG: 'en',
  IVR_DIGIT_LENGTH: '5',
  IVR_TTS: 'true',
  IVR_TIMEOUT: '900',
};

/** The instance's address as the world sees it, for SDP. */
const publicAddress = [
  'imds=http://169.254.169.254/latest',
  'token=$(curl -fsS --retry 5 -X PUT "$imds/api/token" -H "X-aws-ec2-metadata-token-ttl-seconds: 60")',
  'PUBLIC_IP=$(curl -fsS --retry 5 -H "X-aws-ec2-metadata-token: $token" "$imds/meta-data/public-ipv4")',
  'export PUBLIC_IP',
];

/**
 * SIPMediaGW takes its name's prefix from a variable; ours is the id of its task, so that a registration names the task
 * to stop. ECS tells the id only at its metadata endpoint, so this asks there, and then starts the image as it is.
 */
const startNamedAfterTask = [
  'SIP_NAME_PREFIX=$(curl -fsS --retry 5 "$ECS_CONTAINER_METADATA_URI_V4/task" | jq -er \'.TaskARN | split("/") | last\')',
  'export SIP_NAME_PREFIX',
  ...publicAddress,
  'exec /bin/bash /var/entrypoint.sh',
].join(' && ');

export interface GatewaysProps {
  /** Directory of the sample gateway's image (Dockerfile). */
  image: string;
  settings: Settings;
  secret: SipSecret;
  network: Network;
  /** Name of the edges inside the network. */
  sipServer: string;
}

/** Where gateways run, and how the fleet function starts one. Each takes its username's prefix from its task's id. */
export class Gateways extends Construct {
  readonly cluster: ecs.Cluster;
  /** ARN pattern of the cluster's tasks. */
  readonly taskArns: string;
  readonly taskDefinition: ecs.TaskDefinition;
  /** ARN pattern of the revisions of that definition. */
  readonly taskDefinitionArns: string;
  readonly capacityProvider: string;
  /** Last part of a gateway's username. */
  readonly gatewayId: string;
  /** One a zone, and the security groups, of tasks with a network of their own. On EC2 they use their host's. */
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];

  constructor(scope: Construct, id: string, { image, settings, secret, network, sipServer }: GatewaysProps) {
    super(scope, id);
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: network.vpc,
      containerInsightsV2: ecs.ContainerInsights.DISABLED,
      enableFargateCapacityProviders: settings.launchType === 'fargate',
    });
    acknowledge(this.cluster, 'ECS4', noContainerInsights);
    this.taskArns = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${this.cluster.clusterName}/*`,
    });

    const arm = settings.gatewayArchitecture === 'arm64';
    const onHost = settings.launchType === 'ec2';
    this.capacityProvider = onHost
      ? new GatewayInstances(this, 'Instances', { cluster: this.cluster, network, settings })
          .capacityProviderName
      : 'FARGATE';
    // Also the number of its camera and sound card.
    this.gatewayId = onHost ? '0' : '1';
    this.subnetIds = onHost ? [] : network.vpc.publicSubnets.map(({ subnetId }) => subnetId);
    this.securityGroupIds = onHost ? [] : [network.gateways.securityGroupId];
    const family = `${Stack.of(this).stackName}-gateway`;
    this.taskDefinitionArns = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task-definition',
      resourceName: `${family}:*`,
    });
    this.taskDefinition = onHost
      ? new ecs.Ec2TaskDefinition(this, 'Task', { family, networkMode: ecs.NetworkMode.HOST })
      : new ecs.FargateTaskDefinition(this, 'Task', {
          family,
          cpu: settings.gatewayCpuUnits,
          memoryLimitMiB: settings.gatewayMemoryMiB,
          runtimePlatform: {
            cpuArchitecture: arm ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64,
            operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
          },
        });

    const container = this.taskDefinition.addContainer('gateway', {
      image:
        settings.gatewayImage === ''
          ? ecs.ContainerImage.fromAsset(image, {
              platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
            })
          : ecs.ContainerImage.fromRegistry(settings.gatewayImage),
      essential: true,
      ...(onHost && { cpu: settings.gatewayCpuUnits, memoryLimitMiB: settings.gatewayMemoryMiB }),
      environment: {
        SIP_DOMAIN: settings.domain,
        GW_NAME_PREFIX: settings.gatewayName,
        GW_ID: this.gatewayId,
        SIP_SERVER: sipServer,
        AFTER_CALL: settings.afterCall,
        ...(onHost
          ? // As SIPMediaGW calls the two: whom it registers with, and by way of whom.
            { ...sipMediaGwEnvironment, SIP_REGISTRAR: settings.domain, SIP_PROXY: sipServer }
          : { STUN_SERVER: settings.stunServer }),
      },
      secrets: { SIP_SECRET: ecs.Secret.fromSecretsManager(secret.secret as ISecret, currentSecretKey) },
      stopTimeout: Duration.seconds(settings.gatewayStopTimeoutSec),
      ...(onHost && { entryPoint: ['/bin/bash', '-c', startNamedAfterTask] }),
      ...(onHost && { linuxParameters: this.#devices() }),
      logging: ecs.LogDrivers.awsLogs({
        streamPrefix: 'gateway',
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(4),
        logGroup: new logs.LogGroup(this, 'Log', {
          retention: settings.logRetentionDays as logs.RetentionDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      }),
    });
    // One gateway a host is enforced by its ports: the API of SIPMediaGW listens on this one.
    if (onHost) container.addPortMappings({ containerPort: 8100, hostPort: 8100 });
    acknowledge(this.taskDefinition, 'ECS2', settingsInEnvironment);
    acknowledgeRegistryLogin(this.taskDefinition);
  }

  #devices(): ecs.LinuxParameters {
    const parameters = new ecs.LinuxParameters(this, 'Devices', { sharedMemorySize: 2048 });
    parameters.addDevices(
      ...gatewayDevices.map((path) => ({
        hostPath: path,
        containerPath: path,
        permissions: [ecs.DevicePermission.READ, ecs.DevicePermission.WRITE],
      })),
    );
    parameters.addTmpfs({ containerPath: '/tmp', size: 512 });
    return parameters;
  }
}
