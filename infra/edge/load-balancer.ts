import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { healthPort, type Network, sipPort, sipsPort } from '../network.ts';

export interface LoadBalancerProps {
  network: Network;
  /** Whether SIP over TLS is taken too. drachtio ends it: it drops what says TLS and arrives by TCP. */
  tls: boolean;
}

/** What stands before the edges: one static address a zone, which peers can put into their firewalls. */
export class LoadBalancer extends Construct {
  readonly balancer: elbv2.NetworkLoadBalancer;
  /** One for each zone, in the order of the network's subnets. */
  readonly addresses: readonly ec2.CfnEIP[];
  /** Who takes what arrives at each port. */
  readonly targetGroups: readonly { port: number; group: elbv2.NetworkTargetGroup }[];

  constructor(scope: Construct, id: string, { network, tls }: LoadBalancerProps) {
    super(scope, id);
    const { vpc } = network;
    this.addresses = vpc.publicSubnets.map(
      (_subnet, index) => new ec2.CfnEIP(this, `Address${index + 1}`, { domain: 'vpc' }),
    );
    this.balancer = new elbv2.NetworkLoadBalancer(this, 'Balancer', {
      vpc,
      internetFacing: true,
      // A zone's address is what its edge writes into Contact and Record-Route: what comes to it must reach that edge.
      crossZoneEnabled: false,
      securityGroups: [network.frontDoor],
      subnetMappings: vpc.publicSubnets.map((subnet, index) => ({
        subnet,
        allocationId: (this.addresses[index] as ec2.CfnEIP).attrAllocationId,
      })),
    });
    acknowledge(this.balancer, 'ELB2', 'Access logs are for TLS listeners, which drachtio ends here');
    const listen = (name: string, port: number, protocol: elbv2.Protocol) => {
      const group = new elbv2.NetworkTargetGroup(this, `${name}Targets`, {
        vpc,
        port,
        protocol,
        targetType: elbv2.TargetType.IP,
        // The edge judges callers by their address.
        preserveClientIp: true,
        // A draining edge has its calls until its task ends; what is in a flow stays in it.
        deregistrationDelay: Duration.seconds(120),
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
      this.balancer.addListener(name, { port, protocol, defaultTargetGroups: [group] });
      return { port, group };
    };
    this.targetGroups = [
      listen('Sip', sipPort, elbv2.Protocol.TCP_UDP),
      ...(tls ? [listen('Sips', sipsPort, elbv2.Protocol.TCP)] : []),
    ];
  }
}
