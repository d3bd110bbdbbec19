import { dirname } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { Network } from '../network.ts';
import type { Settings } from '../settings.ts';
import { publicAddressFile } from './sip-media-gateway.ts';

/** The release of v4l2loopback that is built where the instance's image has none. */
const v4l2loopbackVersion = '0.15.0';

/** The devices of one gateway: a camera and a sound card, both loops of the kernel. */
export const gatewayDevices = ['/dev/video0', '/dev/snd'];

/**
 * What an instance does as it starts. Amazon Linux has snd-aloop in a package of its own and no v4l2loopback, which
 * is therefore built (about 40 s); an image that has both already skips that.
 */
const loadModules = [
  'modprobe snd-aloop enable=1,1 index=0,1 || { dnf install -y kernel-modules-extra-$(uname -r) && modprobe snd-aloop enable=1,1 index=0,1; }',
  [
    'modprobe v4l2loopback exclusive_caps=1 video_nr=0 || {',
    'dnf install -y gcc make kernel-devel-$(uname -r) &&',
    'mkdir -p /usr/src/v4l2loopback &&',
    `curl -fsSL https://github.com/v4l2loopback/v4l2loopback/archive/refs/tags/v${v4l2loopbackVersion}.tar.gz | tar xz -C /usr/src/v4l2loopback --strip-components=1 &&`,
    'make -C /usr/src/v4l2loopback && make -C /usr/src/v4l2loopback install &&',
    'modprobe v4l2loopback exclusive_caps=1 video_nr=0; }',
  ].join(' '),
  // An instance without them is of no use, and would take task after task and fail each.
  '[ -e /dev/video0 ] && [ -e /dev/snd ] || shutdown -h now',
  // For the gateway, which may not ask itself.
  `mkdir -p ${dirname(publicAddressFile)}`,
  [
    'token=$(curl -fsS --retry 5 -X PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 60") &&',
    `curl -fsS --retry 5 -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/public-ipv4 > ${publicAddressFile}`,
  ].join(' '),
  // A container on the host's network is no hop further than the host, whatever the hop limit says, and could take the
  // instance's role. Services of the host run in system.slice, the ECS agent among them, and tasks do not.
  'iptables -I OUTPUT -d 169.254.169.254 -m cgroup ! --path system.slice -j REJECT || shutdown -h now',
  // Else a task with host networking silently gets the instance's role.
  'echo ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true >> /etc/ecs/ecs.config',
  // The image is pulled once an instance, not once a call.
  'echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config',
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
    userData.addCommands(...loadModules);
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    const launchTemplate = new ec2.LaunchTemplate(this, 'Template', {
      instanceType: new ec2.InstanceType(settings.gatewayInstanceType),
      machineImage: ecs.EcsOptimizedImage.amazonLinux2023(),
      securityGroup: network.gateways,
      role,
      userData,
      requireImdsv2: true,
      // A container would be one hop further: tasks have roles of their own.
      httpPutResponseHopLimit: 1,
      instanceInitiatedShutdownBehavior: ec2.InstanceInitiatedShutdownBehavior.TERMINATE,
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
    const provider = new ecs.AsgCapacityProvider(this, 'Provider', {
      autoScalingGroup: group,
      enableManagedScaling: true,
      enableManagedTerminationProtection: true,
      targetCapacityPercent: 100,
      instanceWarmupPeriod: 60,
    });
    cluster.addAsgCapacityProvider(provider);
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
