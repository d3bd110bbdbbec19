import { Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as servicediscovery from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { Network } from '../network.ts';
import type { Settings } from '../settings.ts';

/** Where gateways ask for an address (RFC 8656): SIPMediaGW knows no other port. */
const turnPort = 3478;
/** Ports of the addresses that are given out, as the original's coturn has them. */
const relayPorts = { first: 40_000, last: 49_999 } as const;

/** Networks that no relay may reach: a gateway's credentials must not open what is not on the Internet. */
const deniedPeers = [
  '0.0.0.0-0.255.255.255',
  '10.0.0.0-10.255.255.255',
  '100.64.0.0-100.127.255.255',
  '127.0.0.0-127.255.255.255',
  '169.254.0.0-169.254.255.255',
  '172.16.0.0-172.31.255.255',
  '192.168.0.0-192.168.255.255',
];

/**
 * Arguments of coturn, which checks what a gateway's task makes of the secret by itself: a user that is the end of its
 * validity, and a password that is a MAC of it ("use-auth-secret").
 * @param own address of the server in its network
 * @param external address that callers send media to
 * @param secret as the shell has it
 */
export const coturnArguments = (own: string, external: string, realm: string, secret: string): string[] => [
  '-n',
  '--no-cli',
  '--no-tls',
  '--no-dtls',
  '--no-tcp-relay',
  '--no-multicast-peers',
  `--listening-port=${turnPort}`,
  `--listening-ip=${own}`,
  `--relay-ip=${own}`,
  `--external-ip=${external}/${own}`,
  `--min-port=${relayPorts.first}`,
  `--max-port=${relayPorts.last}`,
  '--use-auth-secret',
  `--static-auth-secret=${secret}`,
  `--realm=${realm}`,
  ...deniedPeers.map((range) => `--denied-peer-ip=${range}`),
  '--log-file=stdout',
];

export interface TurnServersProps {
  settings: Settings;
  network: Network;
  /** The private names of the deployment. */
  namespace: servicediscovery.INamespace;
}

/**
 * Relays for media, one a zone with a static address: what a firewall team opens is these addresses and one range of
 * ports. Each is an instance, since a task on Fargate has no address that stays, and no load balancer takes 10,000 ports.
 */
export class TurnServers extends Construct {
  /** Name of them all inside the network. */
  readonly host: string;
  readonly secret: secretsmanager.Secret;

  constructor(scope: Construct, id: string, { settings, network, namespace }: TurnServersProps) {
    super(scope, id);
    this.secret = new secretsmanager.Secret(this, 'Secret', {
      description: 'What gateways make their TURN credentials of',
      generateSecretString: { passwordLength: 32, excludePunctuation: true },
      // A new deployment makes a new one: nothing that lasts is encrypted or signed with it.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(
      this.secret,
      'SMG4',
      'It stands in the instances from their start on: replacing them rotates it',
    );

    const group = new ec2.SecurityGroup(this, 'Group', {
      vpc: network.vpc,
      description: 'TURN servers: requests of gateways, media from anywhere',
      allowAllOutbound: true,
    });
    group.addIngressRule(network.gateways, ec2.Port.udp(turnPort), 'TURN of gateways');
    group.addIngressRule(
      ec2.Peer.anyIpv4(),
      ec2.Port.udpRange(relayPorts.first, relayPorts.last),
      'Media by TURN',
    );
    acknowledge(group, 'EC23', 'Media comes from wherever a caller is');

    const service = new servicediscovery.Service(this, 'Names', {
      namespace: namespace as servicediscovery.INamespace & servicediscovery.PrivateDnsNamespace,
      name: 'turn',
      description: 'The TURN servers of all zones',
      dnsRecordType: servicediscovery.DnsRecordType.A,
      routingPolicy: servicediscovery.RoutingPolicy.MULTIVALUE,
      dnsTtl: Duration.seconds(60),
    });
    this.host = `turn.${namespace.namespaceName}`;

    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    this.secret.grantRead(role);
    network.vpc.publicSubnets.forEach((subnet, index) => {
      const address = new ec2.CfnEIP(this, `Address${index + 1}`, { domain: 'vpc' });
      const instance = new ec2.Instance(this, `Server${index + 1}`, {
        vpc: network.vpc,
        vpcSubnets: { subnets: [subnet] },
        instanceType: new ec2.InstanceType(settings.turnInstanceType),
        machineImage: ecs.EcsOptimizedImage.amazonLinux2023(ecs.AmiHardwareType.ARM),
        securityGroup: group,
        role,
        httpTokens: ec2.HttpTokens.REQUIRED,
        httpPutResponseHopLimit: 1,
        userData: this.#userData(settings, address),
        userDataCausesReplacement: true,
        blockDevices: [
          {
            deviceName: '/dev/xvda',
            volume: ec2.BlockDeviceVolume.ebs(30, {
              encrypted: true,
              volumeType: ec2.EbsDeviceVolumeType.GP3,
            }),
          },
        ],
      });
      new ec2.CfnEIPAssociation(this, `Association${index + 1}`, {
        allocationId: address.attrAllocationId,
        instanceId: instance.instanceId,
      });
      service.registerIpInstance(`Server${index + 1}Name`, { ipv4: instance.instancePrivateIp });
      acknowledge(instance, 'EC26', 'Its disk is encrypted: the rule cannot read an instance that names one');
      acknowledge(instance, 'EC28', 'The alarms look at calls; what is under way on a relay is in its log');
      acknowledge(instance, 'EC29', 'It holds nothing: a new one takes its place and its address');
    });
  }

  #userData(settings: Settings, address: ec2.CfnEIP): ec2.UserData {
    const userData = ec2.UserData.forLinux();
    const { region } = Stack.of(this);
    userData.addCommands(
      'set -eu',
      // Its address becomes the static one while this runs, which breaks what is under way.
      'again() { until "$@"; do sleep 5; done; }',
      'again dnf install -y awscli-2 docker',
      'systemctl disable --now ecs || true',
      'systemctl start docker',
      `again docker pull ${settings.turnImage}`,
      `own=$(hostname -I | cut -d ' ' -f 1)`,
      Fn.join('', [
        'read_secret() { secret=$(aws secretsmanager get-secret-value --region ',
        region,
        ' --secret-id ',
        this.secret.secretArn,
        ' --query SecretString --output text); }',
      ]),
      'again read_secret',
      Fn.join('', [
        `docker run --detach --restart=always --network=host --log-driver=journald ${settings.turnImage} `,
        coturnArguments('$own', address.attrPublicIp, settings.domain, '$secret').join(' '),
      ]),
    );
    return userData;
  }
}
