import { listIn, onEach, type Rule } from './rule.ts';

const ofStreams = ['TCP', 'TLS'];
const withDatagrams = ['UDP', 'TCP_UDP'];
const unhealthyTermination = 'target_health_state.unhealthy.connection_termination.enabled';

/** A network load balancer's target group takes the attributes of its protocol. */
export const elbTargetGroupAttributes: Rule = {
  source: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html',
  refuse: onEach(['AWS::ElasticLoadBalancingV2::TargetGroup'], ({ properties }) => {
    const protocol = String(properties.Protocol);
    for (const { Key, Value } of listIn(properties.TargetGroupAttributes)) {
      if (Key === unhealthyTermination && !ofStreams.includes(protocol))
        return `Target group attribute key '${Key}' is not supported for protocol ${protocol}.`;
      if (Key === 'preserve_client_ip.enabled' && Value === 'false' && withDatagrams.includes(protocol))
        return `Client IP preservation cannot be disabled for target groups with protocol ${protocol}.`;
      if (Key === 'deregistration_delay.timeout_seconds' && !(Number(Value) >= 0 && Number(Value) <= 3600))
        return `'${Key}' must be between 0 and 3600.`;
    }
    return undefined;
  }),
};
