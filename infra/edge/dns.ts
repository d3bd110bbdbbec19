import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { sipPort, sipsPort } from '../network.ts';
import type { Settings } from '../settings.ts';
import type { LoadBalancer } from './load-balancer.ts';

export interface SipNamesProps {
  settings: Settings;
  loadBalancers: readonly LoadBalancer[];
  /** Of each zone, in their order: it has no edge. */
  edgeDown: readonly cloudwatch.Alarm[];
  tls: boolean;
}

interface Service {
  /** NAPTR service (RFC 3263 4.1) and the name of its SRV record. */
  service: string;
  srv: string;
  port: number;
}

const ttl = Duration.minutes(5);
/** So long a client goes on calling a zone that is dead. */
const addressTtl = Duration.minutes(1);

/** What a client looks up to call a room by its domain alone: NAPTR, SRV and A records (RFC 3263 4). */
export class SipNames extends Construct {
  constructor(scope: Construct, id: string, { settings, loadBalancers, edgeDown, tls }: SipNamesProps) {
    super(scope, id);
    const { domain } = settings;
    const zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', {
      hostedZoneId: settings.hostedZoneId,
      zoneName: settings.hostedZoneName || domain,
    });
    // With the dot at the end it is the whole name, whatever the zone's.
    const name = (label: string) => `${label}${domain}.`;
    // A record a zone, and each leaves the answers while its zone has no edge. The check reads the numbers of the zone's
    // alarm: one that calls from outside would need to be let in wherever `allowedAddresses` lets few in.
    for (const { zone: number, address } of loadBalancers) {
      const alarm = edgeDown[number - 1] as cloudwatch.Alarm;
      const check = new route53.CfnHealthCheck(this, `Check${number}`, {
        healthCheckConfig: {
          type: 'CLOUDWATCH_METRIC',
          alarmIdentifier: { name: alarm.alarmName, region: Stack.of(this).region },
          insufficientDataHealthStatus: 'Unhealthy',
        },
      });
      new route53.CfnRecordSet(this, `Address${number}`, {
        hostedZoneId: settings.hostedZoneId,
        name: name(''),
        type: 'A',
        ttl: String(addressTtl.toSeconds()),
        multiValueAnswer: true,
        setIdentifier: `zone-${number}`,
        healthCheckId: check.attrHealthCheckId,
        resourceRecords: [address.attrPublicIp],
      });
    }
    // In the order of preference: what is encrypted, then what carries a video's SDP whole (RFC 3261 18.1.1).
    const services: Service[] = [
      ...(tls ? [{ service: 'SIPS+D2T', srv: '_sips._tcp.', port: sipsPort }] : []),
      { service: 'SIP+D2T', srv: '_sip._tcp.', port: sipPort },
      { service: 'SIP+D2U', srv: '_sip._udp.', port: sipPort },
    ];
    for (const { service, srv, port } of services) {
      new route53.SrvRecord(this, service.replace('+', ''), {
        zone,
        recordName: name(srv),
        values: [{ priority: 10, weight: 10, port, hostName: name('') }],
        ttl,
      });
    }
    new route53.CfnRecordSet(this, 'Services', {
      hostedZoneId: settings.hostedZoneId,
      name: name(''),
      type: 'NAPTR',
      ttl: String(ttl.toSeconds()),
      resourceRecords: services.map(
        ({ service, srv }, index) => `${(index + 1) * 10} 10 "s" "${service}" "" ${name(srv)}`,
      ),
    });
  }
}
