import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { Network } from '../network.ts';
import type { Settings } from '../settings.ts';
import { GroupDeletion } from './group-deletion.ts';
import { publicAddressFile } from './sip-media-gateway.ts';

/** The devices of one gateway: a camera and a sound card, both loops of the kernel. */
export const gatewayDevices = ['/dev/video0', '/dev/snd'];

/** The attribute that prepare-host.sh gives an instance on which a gateway can run. */
export const readyInstance = 'attribute:switchroom.ready == true';

const prepareHost = '/usr/local/sbin/switchroom-host';
const prepareScript = readFileSync(resolve(import.meta.dirname, 'instance/prepare-host.sh'), 'utf8');

const prepareUnit = (publicAddress: boolean) => `[Unit]
Description=Makes this instance ready for a gateway
Wants=network-online.target
After=network-online.target
Before=ecs.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${[prepareHost, ...(publicAddress ? [publicAddressFile] : [])].join(' ')}
[Install]
WantedBy=multi-user.target
`;

const fileOf = (path: string, text: string): string =>
  `cat > ${path} << 'END_OF_FILE'\n${text.trimEnd()}\nEND_OF_FILE`;

/** Variables of the ECS agent beside the cluster's name ("Amazon ECS container agent configuration"). */
const agentSettings = [
  // Else a task with host networking silently gets the instance's role.
  'ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true',
  // Tasks in ecstasks.slice, which prepare-host.sh tells from the host's services, or no agent at all.
  'ECS_ENABLE_TASK_CPU_MEM_LIMIT=true',
  // The image is the machine image's.
  'ECS_IMAGE_PULL_BEHAVIOR=prefer-cached',
  // An instance that is prepared for the warm pool is none of the cluster's yet.
  'ECS_WARM_POOLS_CHECK=true',
];

export interface GatewayInstancesProps {
  cluster: ecs.Cluster;
  network: Network;
  settings: Settings;
}

/**
 * Instances for gateways that need devices of their host. Each takes one gateway: SIPMediaGW listens on fixed ports
 * of the host, and a task definition names its devices.
 */
export class GatewayInstances extends Construct {
  readonly capacityProviderName: string;

  constructor(scope: Construct, id: string, { cluster, network, settings }: GatewayInstancesProps) {
    super(scope, id);
    const userData = ec2.UserData.forLinux();
    const imageOf = (imageId: string) => ({ imageId, osType: ec2.OperatingSystemType.LINUX, userData });
    userData.addCommands(
      fileOf(prepareHost, prepareScript),
      `chmod 755 ${prepareHost}`,
      fileOf('/etc/systemd/system/switchroom-host.service', prepareUnit(settings.mediaAddress === 'public')),
      'mkdir -p /etc/ecs',
      ...agentSettings.map((one) => `echo ${one} >> /etc/ecs/ecs.config`),
    );
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    const launchTemplate = new ec2.LaunchTemplate(this, 'Template', {
      instanceType: new ec2.InstanceType(settings.gatewayInstanceType),
      machineImage: { getImage: () => imageOf(settings.gatewayMachineImage) },
      securityGroup: network.gateways,
      role,
      userData,
      requireImdsv2: true,
      // A container would be one hop further: tasks have roles of their own.
      httpPutResponseHopLimit: 1,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(40, {
            encrypted: true,
            volumeType: ec2.EbsDeviceVolumeType.GP3,
            deleteOnTermination: true,
          }),
        },
      ],
    });
    const group = new autoscaling.AutoScalingGroup(this, 'Group', {
      vpc: network.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      launchTemplate,
      minCapacity: 0,
      // One gateway each.
      maxCapacity: settings.poolMax,
      // ECS takes the protection off an instance without tasks: no call is ever scaled in.
      newInstancesProtectedFromScaleIn: true,
      groupMetrics: [autoscaling.GroupMetrics.all()],
      defaultInstanceWarmup: Duration.seconds(60),
    });
    if (settings.gatewayWarmInstances > 0) {
      group.addWarmPool({
        poolState: autoscaling.PoolState.STOPPED,
        minSize: settings.gatewayWarmInstances,
        // As many, however many are in service. Left out it would be all of the group's maximum.
        maxGroupPreparedCapacity: settings.gatewayWarmInstances,
      });
    }
    const provider = new ecs.AsgCapacityProvider(this, 'Provider', {
      autoScalingGroup: group,
      enableManagedScaling: true,
      enableManagedTerminationProtection: true,
      targetCapacityPercent: 100,
      instanceWarmupPeriod: 60,
    });
    cluster.addAsgCapacityProvider(provider);
    // Not before the cluster's name is written. The agent may wait for the end of all this, so nothing waits for it.
    userData.addCommands(
      'systemctl daemon-reload',
      'systemctl enable --now switchroom-host',
      'systemctl enable --now --no-block ecs',
    );
    new GroupDeletion(this, 'Deletion', { group, before: provider, settings });
    // As the ECS agent needs it, and CDK writes it ("Amazon ECS container instance IAM role").
    acknowledge(role, 'IAM5[Action::ecs:Submit*]', 'The agent tells of tasks, containers and attachments');
    acknowledge(
      role,
      'IAM5[Resource::*]',
      'ecr:GetAuthorizationToken and others of the agent know no resource',
    );
    acknowledge(group, 'AS3', 'ECS scales the group by its tasks; instances come and go with calls');
    this.capacityProviderName = provider.capacityProviderName;
  }
}
