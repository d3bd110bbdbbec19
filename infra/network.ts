import { Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Settings } from './settings.ts';

/** SIP (RFC 3261 19.1.2). */
export const sipPort = 5060;
/** SIP over TLS. */
export const sipsPort = 5061;
/** Where an edge's application tells whether it serves; asked by the load balancer and by ECS. */
export const healthPort = 8080;
/** The ports that gateways take media on. Below Linux's own choice of ports (32768 and up), where SIP listens. */
export const mediaPorts = { first: 10_000, last: 32_767 } as const;

export interface NetworkProps {
  settings: Settings;
}

/**
 * The network: one public subnet a zone. There is no NAT gateway: what runs here has a public address of its own and
 * is shut by its security group, which saves $0.045 an hour and zone, and another $0.045 a GB of media.
 */
export class Network extends Construct {
  readonly vpc: ec2.IVpc;
  /** Of the load balancer: SIP from whom the settings allow. */
  readonly frontDoor: ec2.SecurityGroup;
  /** Of the edges: SIP from the load balancer and the gateways. */
  readonly edges: ec2.SecurityGroup;
  /** Of the gateways: SIP from the edges, media from anywhere. */
  readonly gateways: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, { settings }: NetworkProps) {
    super(scope, id);
    const vpc: unknown = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(settings.vpcCidr),
      maxAzs: settings.zones,
      natGateways: 0,
      subnetConfiguration: [
        {
          name: 'public',
          subnetType: ec2.SubnetType.PUBLIC,
          // A quarter each, however many zones there are: else another zone would move the subnets of a live stack,
          // which CloudFormation cannot (aws-cdk#6683).
          cidrMask: prefixLengthOf(settings.vpcCidr) + 2,
        },
      ],
      // Both cost nothing, and image layers come from S3.
      gatewayEndpoints: {
        DynamoDb: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
        S3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
      },
    });
    // CDK's own types do not hold under exactOptionalPropertyTypes.
    this.vpc = vpc as ec2.IVpc;
    acknowledge(
      this.vpc,
      'VPC7',
      'Flow logs of media cost more than the calls; the edge logs the source of each request',
    );
    const group = (name: string, description: string) =>
      new ec2.SecurityGroup(this, name, { vpc: this.vpc, description, allowAllOutbound: true });
    this.frontDoor = group('FrontDoor', 'Load balancer: SIP from the allowed addresses');
    this.edges = group('Edges', 'SIP edges: SIP from the load balancer and from gateways');
    this.gateways = group('Gateways', 'Gateways: SIP from the edges, media from anywhere');

    const sip = [ec2.Port.udp(sipPort), ec2.Port.tcp(sipPort)];
    const callers = settings.tlsCertificateSecretArn === '' ? sip : [...sip, ec2.Port.tcp(sipsPort)];
    for (const cidr of settings.allowedAddresses) {
      for (const port of callers) this.frontDoor.addIngressRule(peerOf(cidr), port, 'SIP');
    }
    for (const port of callers) this.edges.addIngressRule(this.frontDoor, port, 'SIP of callers');
    this.edges.addIngressRule(this.frontDoor, ec2.Port.tcp(healthPort), 'Health checks');
    for (const port of sip) this.edges.addIngressRule(this.gateways, port, 'SIP of gateways');
    this.gateways.addIngressRule(this.edges, ec2.Port.allTcp(), 'SIP of edges, where the gateway listens');
    this.gateways.addIngressRule(this.edges, ec2.Port.allUdp(), 'SIP of edges, where the gateway listens');
    // By TURN it comes as the answer to what a gateway has sent to the TURN server, and from nowhere else.
    if (settings.mediaAddress !== 'turn') {
      const media = ec2.Port.udpRange(mediaPorts.first, mediaPorts.last);
      this.gateways.addIngressRule(ec2.Peer.anyIpv4(), media, 'Media');
    }
    acknowledge(
      this.frontDoor,
      'EC23',
      'Who may call is a setting, allowedAddresses; without one everybody may',
    );
    acknowledge(this.gateways, 'EC23', 'Media comes from wherever a caller is');
    Validations.of(this.gateways).acknowledge({
      id: 'CloudFormation-Validate::W2508',
      reason: 'UDP for media: nothing else listens there',
    });
  }
}

const prefixLengthOf = (cidr: string) => Number(cidr.split('/')[1]);

const peerOf = (cidr: string) => (cidr.includes(':') ? ec2.Peer.ipv6(cidr) : ec2.Peer.ipv4(cidr));
