import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as servicediscovery from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import {
  acknowledge,
  acknowledgeRegistryLogin,
  noContainerInsights,
  settingsInEnvironment,
} from '../acknowledge.ts';
import { healthPort, type Network, sipPort, sipsPort } from '../network.ts';
import type { Settings } from '../settings.ts';
import { DrachtioSecret } from './drachtio-secret.ts';
import { drachtioAdminAddress, drachtioStart, fewUnread } from './drachtio-start.ts';
import { grantLifeOfTask } from './edge-life.ts';
import type { LoadBalancer, TargetGroup } from './load-balancer.ts';

/** The longest that Fargate lets a container go on after SIGTERM. */
const stopTimeoutSec = 120;
/** Leaves time to hang up and to send the last facts. */
const drainLimitSec = stopTimeoutSec - 10;

/** The least that ECS takes: a container that ends sooner ends its task. */
const restartAttemptPeriod = Duration.seconds(60);

/** Of each container's log, on its way to CloudWatch. */
const logBuffer = Size.mebibytes(25);

const stateDir = '/var/lib/switchroom';
const probe = `fetch('http://127.0.0.1:${healthPort}/alive').then(({ok})=>process.exit(ok?0:1),()=>process.exit(1))`;

/** The edges' name inside the network. */
export interface EdgeNames {
  service: servicediscovery.Service;
  /** `host` of `SIP_SERVER`. */
  sipServer: string;
}

/** Names the healthy edges of all zones for the gateways, which reach them without leaving the network. */
export function edgeNames(scope: Construct, id: string, vpc: ec2.IVpc): EdgeNames {
  const namespace = new servicediscovery.PrivateDnsNamespace(scope, id, {
    name: `${Stack.of(scope).stackName.toLowerCase()}.internal`,
    vpc,
    description: 'Where gateways find the edges',
  });
  const service = namespace.createService('Edges', {
    name: 'sip',
    description: 'The healthy edges of all zones',
    dnsRecordType: servicediscovery.DnsRecordType.A,
    routingPolicy: servicediscovery.RoutingPolicy.MULTIVALUE,
    dnsTtl: Duration.seconds(10),
    // ECS tells it the health of each task, so that an edge that is dead leaves the answers before its task has ended.
    customHealthCheck: { failureThreshold: 1 },
  });
  return { service, sipServer: `sip.${namespace.namespaceName}` };
}

export interface EdgeServicesProps {
  /** Directory of the application's image. */
  image: string;
  settings: Settings;
  network: Network;
  /** One for each zone, in their order. */
  loadBalancers: readonly LoadBalancer[];
  names: EdgeNames;
  /** What every edge is told (docs/architecture.md). */
  environment: Record<string, string>;
  /** What the application may do, beside protecting its task. */
  grants: (grantee: iam.IGrantable) => void;
}

/** The SIP edges: a service a zone, each one task of drachtio and its application, behind the zone's own address. */
export class EdgeServices extends Construct {
  readonly cluster: ecs.Cluster;
  readonly services: readonly ecs.FargateService[];
  readonly logGroup: logs.LogGroup;
  readonly #drachtioSecret: ecs.Secret;

  constructor(scope: Construct, id: string, props: EdgeServicesProps) {
    super(scope, id);
    const { settings, network, loadBalancers } = props;
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: network.vpc,
      containerInsightsV2: ecs.ContainerInsights.DISABLED,
    });
    acknowledge(this.cluster, 'ECS4', noContainerInsights);
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: settings.logRetentionDays as logs.RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#drachtioSecret = ecs.Secret.fromSecretsManager(
      new DrachtioSecret(this, 'DrachtioSecret').secret as secretsmanager.ISecret,
    );
    this.services = loadBalancers.map(({ zone, address, targetGroups }) => {
      const taskDefinition = this.#taskDefinition(zone, address.attrPublicIp, targetGroups, props);
      const service = new ecs.FargateService(this, `Zone${zone}`, {
        cluster: this.cluster as ecs.ICluster,
        taskDefinition,
        desiredCount: 1,
        // The new edge serves before the old one drains.
        minHealthyPercent: 100,
        maxHealthyPercent: 200,
        circuitBreaker: { rollback: true },
        vpcSubnets: { subnets: [network.vpc.publicSubnets[zone - 1] as ec2.ISubnet] },
        // The only way out without a NAT gateway; what comes in passes the security group.
        assignPublicIp: true,
        securityGroups: [network.edges],
        healthCheckGracePeriod: Duration.seconds(60),
        propagateTags: ecs.PropagatedTagSource.SERVICE,
      });
      service.associateCloudMapService({ service: props.names.service });
      for (const { port, group } of targetGroups) {
        group.addTarget(service.loadBalancerTarget({ containerName: 'drachtio', containerPort: port }));
      }
      return service;
    });
  }

  #taskDefinition(
    zone: number,
    externalIp: string,
    targetGroups: readonly TargetGroup[],
    props: EdgeServicesProps,
  ): ecs.FargateTaskDefinition {
    const { settings } = props;
    const targetGroupArns = targetGroups.map(({ group }) => group.targetGroupArn);
    const definition = new ecs.FargateTaskDefinition(this, `Task${zone}`, {
      family: `${Stack.of(this).stackName}-edge-${zone}`,
      cpu: settings.edgeCpuUnits,
      memoryLimitMiB: settings.edgeMemoryMiB,
      volumes: [{ name: 'state' }],
    });
    const logging = (streamPrefix: string) =>
      ecs.LogDrivers.awsLogs({
        streamPrefix: `${streamPrefix}-${zone}`,
        logGroup: this.logGroup,
        // A log that cannot be delivered must not stop the calls; metrics are lines of it, so the buffer is large.
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: logBuffer,
      });

    const withTls = settings.tlsCertificateSecretArn !== '';
    const drachtio = definition.addContainer('drachtio', {
      image: ecs.ContainerImage.fromRegistry(settings.drachtioImage),
      essential: true,
      // Its calls are lost with it, but the next are taken in seconds, where a new task takes a minute.
      enableRestartPolicy: true,
      restartAttemptPeriod,
      entryPoint: ['sh', '-c', drachtioStart(withTls)],
      environment: {
        EXTERNAL_IP: externalIp,
        LOCAL_NET: settings.vpcCidr,
        SIP_DOMAIN: settings.domain,
        SIP_PORT: String(sipPort),
        ...(settings.captureServer !== '' && {
          CAPTURE_SERVER: settings.captureServer,
          CAPTURE_ID: String(zone),
        }),
        // Else its Contact is sips: for a caller who said sip:, which libre (baresip) does not take.
        ...(withTls && { SIPS_PORT: String(sipsPort), DRACHTIO_SUPPORT_BEST_EFFORT_TLS: '1' }),
      },
      secrets: {
        DRACHTIO_SECRET: this.#drachtioSecret,
        ...(withTls && this.#certificate(zone, settings)),
      },
      portMappings: [
        // Once, though it takes UDP as well: ECS refuses a load balancer for a port that stands in two mappings
        // (amazon-ecs-agent#3428). In a network of its own a task needs none: its security group decides.
        { containerPort: sipPort, protocol: ecs.Protocol.TCP },
        ...(withTls ? [{ containerPort: sipsPort, protocol: ecs.Protocol.TCP }] : []),
      ],
      systemControls: [fewUnread],
      stopTimeout: Duration.seconds(stopTimeoutSec),
      logging: logging('drachtio'),
    });
    const app = definition.addContainer('app', {
      image: ecs.ContainerImage.fromAsset(props.image, { platform: Platform.LINUX_AMD64 }),
      essential: true,
      // An application that comes back takes over the calls that its drachtio still holds; a new task could not.
      enableRestartPolicy: true,
      restartAttemptPeriod,
      environment: {
        ...props.environment,
        FURTHER_DOMAINS: [...settings.domains, externalIp].join(','),
        DRACHTIO_ADDRESS: drachtioAdminAddress,
        LOCAL_NET: settings.vpcCidr,
        HEALTH_HOST: '0.0.0.0',
        HEALTH_PORT: String(healthPort),
        DRAIN_LIMIT_SEC: String(drainLimitSec),
        STATE_DIR: stateDir,
        TARGET_GROUPS: targetGroupArns.join(','),
      },
      secrets: { DRACHTIO_SECRET: this.#drachtioSecret },
      portMappings: [{ containerPort: healthPort }],
      healthCheck: {
        command: ['CMD', 'node', '-e', probe],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(30),
      },
      stopTimeout: Duration.seconds(stopTimeoutSec),
      logging: logging('app'),
    });
    app.addMountPoints({ sourceVolume: 'state', containerPath: stateDir, readOnly: false });
    // Started after it, so stopped before it: calls are hung up while there is still a drachtio to do it.
    app.addContainerDependencies({
      container: drachtio,
      condition: ecs.ContainerDependencyCondition.START,
    });

    props.grants(definition.taskRole);
    grantLifeOfTask(definition.taskRole, this.cluster, targetGroupArns);
    if (settings.tlsCertificateKeyArn !== '') {
      // CDK grants nothing on a key that it has not made.
      definition.obtainExecutionRole().addToPrincipalPolicy(
        new iam.PolicyStatement({
          actions: ['kms:Decrypt'],
          resources: [settings.tlsCertificateKeyArn],
          conditions: {
            StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(this).region}.amazonaws.com` },
          },
        }),
      );
    }
    acknowledge(definition, 'ECS2', settingsInEnvironment);
    acknowledgeRegistryLogin(definition);
    return definition;
  }

  /** PEM texts out of the JSON of a secret that the user made: `certificate` (with its chain) and `privateKey`. */
  #certificate(zone: number, settings: Settings): Record<string, ecs.Secret> {
    const secret = secretsmanager.Secret.fromSecretCompleteArn(
      this,
      `Certificate${zone}`,
      settings.tlsCertificateSecretArn,
    );
    return {
      TLS_CERT: ecs.Secret.fromSecretsManager(secret, 'certificate'),
      TLS_KEY: ecs.Secret.fromSecretsManager(secret, 'privateKey'),
    };
  }
}
