import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { healthPort, type Network, sipPort, sipsPort } from '../network.ts';

export interface LoadBalancerProps {
  network: Network;
  /** Of the network's public subnets, from 1 on. */
  zone: number;
  /** Whether SIP over TLS is taken too. drachtio ends it: it drops what says TLS and arrives by TCP. */
  tls: boolean;
}

/** Who takes what arrives at a port. */
export interface TargetGroup {
  /** `Sip`, or `Sips` of SIP over TLS. */
  name: 'Sip' | 'Sips';
  port: number;
  group: elbv2.NetworkTargetGroup;
}

/**
 * What stands before the edge of one zone: a static address, which peers can put into their firewalls. A zone has a
 * load balancer of its own, because a listener has one target group, and a target group belongs to one service.
 */
export class LoadBalancer extends Construct {
  readonly zone: number;
  readonly address: ec2.CfnEIP;
  readonly targetGroups: readonly TargetGroup[];

  constructor(scope: Construct, id: string, { network, zone, tls }: LoadBalancerProps) {
    super(scope, id);
    const { vpc } = network;
    this.zone = zone;
    this.address = new ec2.CfnEIP(this, `Address${zone}`, { domain: 'vpc' });
    const balancer = new elbv2.NetworkLoadBalancer(this, 'Balancer', {
      vpc,
      internetFacing: true,
      // The address is what the zone's edge writes into its Contact: what comes to it must reach that edge.
      crossZoneEnabled: false,
      securityGroups: [network.frontDoor],
      subnetMappings: [
        {
          subnet: vpc.publicSubnets[zone - 1] as ec2.ISubnet,
          allocationId: this.address.attrAllocationId,
        },
      ],
    });
    acknowledge(balancer, 'ELB2', 'Access logs are for TLS listeners, which drachtio ends here');
    const listen = (name: 'Sip' | 'Sips', port: number, protocol: elbv2.Protocol): TargetGroup => {
      const group = new elbv2.NetworkTargetGroup(this, `${name}Targets`, {
        vpc,
        port,
        protocol,
        targetType: elbv2.TargetType.IP,
        // The edge judges callers by their address.
        preserveClientIp: true,
        // ECS waits so long before SIGTERM. What is in a flow stays in it until the task ends, however short this is.
        deregistrationDelay: Duration.seconds(30),
        // For UDP it is on by default, and would cut the way of the calls that go on when a drain begins.
        connectionTermination: false,
        healthCheck: {
          protocol: elbv2.Protocol.HTTP,
          // Not /health, which fails where the control plane is down: ECS replaces a task that fails this check, and
          // all calls of a healthy edge would end for it. New calls get their 503 by SIP.
          path: '/alive',
          port: String(healthPort),
          interval: Duration.seconds(10),
          timeout: Duration.seconds(5),
          healthyThresholdCount: 2,
          unhealthyThresholdCount: 2,
        },
      });
      // On by default; UDP and TCP_UDP do not have it. An edge that fails its check may well serve its calls.
      if (protocol === elbv2.Protocol.TCP) {
        group.setAttribute('target_health_state.unhealthy.connection_termination.enabled', 'false');
      }
      balancer.addListener(name, { port, protocol, defaultTargetGroups: [group] });
      return { name, port, group };
    };
    this.targetGroups = [
      listen('Sip', sipPort, elbv2.Protocol.TCP_UDP),
      ...(tls ? [listen('Sips', sipsPort, elbv2.Protocol.TCP)] : []),
    ];
  }
}
