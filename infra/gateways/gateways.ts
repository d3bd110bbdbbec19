import { dirname } from 'node:path';
import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  acknowledge,
  acknowledgeRegistryLogin,
  noContainerInsights,
  settingsInEnvironment,
} from '../acknowledge.ts';
import type { Network } from '../network.ts';
import { currentSecretKey, type GatewaySecret } from '../secret.ts';
import type { Settings } from '../settings.ts';
import { readGatewayEnvironment } from './gateway-environment.ts';
import { GatewayInstances, gatewayDevices, readyInstance } from './gateway-instances.ts';
import { isSipMediaGw } from './gateway-settings.ts';
import {
  publicAddressFile,
  sipMediaGwDefaults,
  sipMediaGwOwn,
  sipMediaGwStart,
} from './sip-media-gateway.ts';
import type { TurnServers } from './turn-servers.ts';

export interface GatewaysProps {
  /** Directory of the sample gateway's image (Dockerfile). */
  image: string;
  settings: Settings;
  secret: GatewaySecret;
  /** What its password for its media reports follows from. */
  reportSecret: GatewaySecret;
  network: Network;
  /** Name of the edges inside the network. */
  sipServer: string;
  /** Where `mediaAddress` is turn. */
  turn: TurnServers | undefined;
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

  readonly #container: ecs.ContainerDefinition;

  constructor(
    scope: Construct,
    id: string,
    { image, settings, secret, reportSecret, network, sipServer, turn }: GatewaysProps,
  ) {
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
      ? new ecs.Ec2TaskDefinition(this, 'Task', {
          family,
          networkMode: ecs.NetworkMode.HOST,
          placementConstraints: [ecs.PlacementConstraint.memberOf(readyInstance)],
        })
      : new ecs.FargateTaskDefinition(this, 'Task', {
          family,
          cpu: settings.gatewayCpuUnits,
          memoryLimitMiB: settings.gatewayMemoryMiB,
          runtimePlatform: {
            cpuArchitecture: arm ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64,
            operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
          },
        });

    this.#container = this.taskDefinition.addContainer('gateway', {
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
        ...(isSipMediaGw(settings)
          ? sipMediaGwEnvironment(settings, sipServer)
          : { STUN_SERVER: settings.mediaAddress === 'public' ? settings.stunServer : '' }),
        ...(turn && { TURN_SRV: turn.host }),
      },
      secrets: {
        SIP_SECRET: ecs.Secret.fromSecretsManager(secret.secret as ISecret, currentSecretKey),
        MEDIA_REPORT_SECRET: ecs.Secret.fromSecretsManager(reportSecret.secret as ISecret, currentSecretKey),
        ...(turn && { TURN_SECRET: ecs.Secret.fromSecretsManager(turn.secret as ISecret) }),
        ...this.#secrets(settings),
      },
      stopTimeout: Duration.seconds(settings.gatewayStopTimeoutSec),
      ...(isSipMediaGw(settings) && { entryPoint: ['/bin/bash', '-c', sipMediaGwStart(settings)] }),
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
    if (onHost) this.#container.addPortMappings({ containerPort: 8100, hostPort: 8100 });
    if (onHost && settings.mediaAddress === 'public') this.#mountPublicAddress(this.#container);
    acknowledge(this.taskDefinition, 'ECS2', settingsInEnvironment);
    acknowledgeRegistryLogin(this.taskDefinition);
  }

  /** @param address that each of them posts its record to. The API, which has it, is made after the gateways. */
  reportMediaTo(address: string): void {
    this.#container.addEnvironment('MEDIA_REPORT_URL', address);
  }

  #secrets({ gatewaySecrets }: Settings): Record<string, ecs.Secret> {
    const secretOf = ([name, arnAndKey]: [string, string]): [string, ecs.Secret] => {
      const [, arn = '', key] = /^((?:[^:]+:){6}[^:]+):?(.*)$/.exec(arnAndKey) ?? [];
      const secret: unknown = Secret.fromSecretCompleteArn(this, name, arn);
      return [name, ecs.Secret.fromSecretsManager(secret as ISecret, key || undefined)];
    };
    return Object.fromEntries(Object.entries(gatewaySecrets).map(secretOf));
  }

  #mountPublicAddress(container: ecs.ContainerDefinition): void {
    const directory = dirname(publicAddressFile);
    this.taskDefinition.addVolume({ name: 'public-address', host: { sourcePath: directory } });
    container.addMountPoints({ sourceVolume: 'public-address', containerPath: directory, readOnly: true });
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

function sipMediaGwEnvironment(settings: Settings, sipServer: string): Record<string, string> {
  const { captureServer, gatewaySecrets } = settings;
  const variables = {
    ...sipMediaGwDefaults,
    ...(captureServer !== '' && { HEPLIFY_SRV: captureServer }),
    ...readGatewayEnvironment(settings.gatewayEnvironment, Object.keys(gatewaySecrets)),
    ...sipMediaGwOwn(settings, sipServer),
  };
  // ECS refuses a container with a variable and a secret of one name.
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !Object.hasOwn(gatewaySecrets, name)),
  );
}
