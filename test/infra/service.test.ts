import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesize } from './synth.ts';

/* What callers, gateways and operators rely on in the deployed service. */

const template = synthesize();
const arn = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:sip-tls-AbCdEf';

describe('the way in', () => {
  it('is one static address a zone, whose calls stay in that zone', () => {
    template.resourceCountIs('AWS::EC2::EIP', 2);
    synthesize({ zones: 3 }).resourceCountIs('AWS::EC2::EIP', 3);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Type: 'network',
      Scheme: 'internet-facing',
      SubnetMappings: [Match.objectLike({ AllocationId: Match.anyValue() })],
      LoadBalancerAttributes: Match.arrayWith([{ Key: 'load_balancing.cross_zone.enabled', Value: 'false' }]),
    });
  });

  it('is UDP and TCP 5060, with the address of the caller, to edges that answer for themselves', () => {
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 2);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Port: 5060,
      Protocol: 'TCP_UDP',
      TargetType: 'ip',
      // Not /health: ECS would replace each edge, and end its calls, when only the control plane is down.
      HealthCheckPath: '/alive',
      TargetGroupAttributes: Match.arrayWith([
        { Key: 'preserve_client_ip.enabled', Value: 'true' },
        // On by default for UDP, and the end of the calls of an edge that drains.
        { Key: 'deregistration_delay.connection_termination.enabled', Value: 'false' },
      ]),
    });
  });

  it('is TLS too where there is a certificate, which drachtio reads from its secret', () => {
    const tls = synthesize({ tlsCertificateSecretArn: arn });
    // Not protocol TLS: the balancer must not end it.
    tls.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 5061, Protocol: 'TCP' });
    tls.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Port: 5061,
      TargetGroupAttributes: Match.arrayWith([
        { Key: 'target_health_state.unhealthy.connection_termination.enabled', Value: 'false' },
      ]),
    });
    tls.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: Match.arrayWith([
        Match.objectLike({
          Name: 'drachtio',
          Secrets: Match.arrayWith([{ Name: 'TLS_KEY', ValueFrom: `${arn}:privateKey::` }]),
          // Callers that say sip: over TLS take no Contact that says sips:.
          Environment: Match.arrayWith([{ Name: 'DRACHTIO_SUPPORT_BEST_EFFORT_TLS', Value: '1' }]),
        }),
      ]),
    });
  });

  it('gives each service target groups of its own: those of two would undo each other', () => {
    const services = Object.values(
      synthesize({ tlsCertificateSecretArn: arn }).findResources('AWS::ECS::Service'),
    );
    const groups = services.flatMap(({ Properties }) =>
      Properties.LoadBalancers.map((one: { TargetGroupArn: { Ref: string } }) => one.TargetGroupArn.Ref),
    );
    expect(groups).toHaveLength(4);
    expect(new Set(groups).size).toBe(4);
  });

  it('is open to the allowed addresses alone', () => {
    const allowed = synthesize({ allowedAddresses: '192.0.2.0/24, 198.51.100.7/32' });
    const groups = Object.values(allowed.findResources('AWS::EC2::SecurityGroup'));
    const open = groups.flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? []);
    const sip = open.filter((rule: { FromPort: number }) => rule.FromPort === 5060);
    expect(new Set(sip.map((rule: { CidrIp: string }) => rule.CidrIp))).toEqual(
      new Set(['192.0.2.0/24', '198.51.100.7/32']),
    );
    // Of the rest only media comes from anywhere.
    const world = open.filter((rule: { CidrIp?: string }) => rule.CidrIp === '0.0.0.0/0');
    expect(world).toEqual([expect.objectContaining({ IpProtocol: 'udp', FromPort: 10_000, ToPort: 32_767 })]);
  });

  it('has the names that RFC 3263 looks up, where there is a zone for them', () => {
    template.resourceCountIs('AWS::Route53::RecordSet', 0);
    const named = synthesize({
      domain: 'sip.example.org',
      hostedZoneId: 'Z123',
      tlsCertificateSecretArn: arn,
    });
    const records = Object.values(named.findResources('AWS::Route53::RecordSet'));
    const all = records.map(({ Properties }) => `${Properties.Name} ${Properties.Type}`);
    expect(all.sort()).toEqual([
      '_sip._tcp.sip.example.org. SRV',
      '_sip._udp.sip.example.org. SRV',
      '_sips._tcp.sip.example.org. SRV',
      'sip.example.org. A',
      'sip.example.org. A',
      'sip.example.org. NAPTR',
    ]);
  });

  it('is no longer named to callers while its zone has no edge', () => {
    const named = synthesize({ domain: 'sip.example.org', hostedZoneId: 'Z123' });
    const checks = named.findResources('AWS::Route53::HealthCheck');
    const alarms = named.findResources('AWS::CloudWatch::Alarm');
    const watched = Object.values(
      named.findResources('AWS::Route53::RecordSet', { Properties: { Type: 'A' } }),
    ).map(({ Properties }) => {
      expect(Properties).toMatchObject({ MultiValueAnswer: true, TTL: '60' });
      const [check] = Properties.HealthCheckId['Fn::GetAtt'];
      const { Name } = checks[check]?.Properties.HealthCheckConfig.AlarmIdentifier ?? {};
      return alarms[Name.Ref]?.Properties.AlarmName;
    });
    expect(watched).toEqual(['Switchroom-EdgeDownSip1', 'Switchroom-EdgeDownSip2']);
  });
});

interface Container {
  Name: string;
  PortMappings?: { ContainerPort: number }[];
  Secrets?: { Name: string; ValueFrom: unknown }[];
  RestartPolicy?: object;
  SystemControls?: { Namespace: string; Value: string }[];
}

const containersOf = (of: ReturnType<typeof synthesize>, id: RegExp): Container[] =>
  Object.entries(of.findResources('AWS::ECS::TaskDefinition'))
    .filter(([logicalId]) => id.test(logicalId))
    .flatMap(([, { Properties }]) => Properties.ContainerDefinitions);

describe('an edge', () => {
  it('goes on when its log cannot be delivered, and loses few lines of it', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: Match.arrayWith([
        Match.objectLike({
          Name: 'app',
          LogConfiguration: Match.objectLike({
            Options: Match.objectLike({ mode: 'non-blocking', 'max-buffer-size': '26214400b' }),
          }),
        }),
      ]),
    });
  });

  it('may decrypt its certificate where a key of the account encrypts it', () => {
    const key = 'arn:aws:kms:eu-west-3:123456789012:key/01234567-89ab-cdef-0123-456789abcdef';
    const tls = synthesize({ tlsCertificateSecretArn: arn, tlsCertificateKeyArn: key });
    tls.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt', Resource: key })]),
      },
    });
  });

  it('maps each port once: ECS refuses a load balancer for one that is mapped twice', () => {
    const drachtio = containersOf(template, /^EdgeTask/).filter(({ Name }) => Name === 'drachtio');
    expect(drachtio).toHaveLength(2);
    for (const { PortMappings = [] } of drachtio) {
      expect(PortMappings.map(({ ContainerPort }) => ContainerPort)).toEqual([5060]);
    }
  });

  it('gives drachtio and its application the same generated secret', () => {
    const given = containersOf(template, /^EdgeTask/).map(({ Name, Secrets = [] }) => ({
      Name,
      from: JSON.stringify(Secrets.find(({ Name: variable }) => variable === 'DRACHTIO_SECRET')?.ValueFrom),
    }));
    expect(given.map(({ Name }) => Name).sort()).toEqual(['app', 'app', 'drachtio', 'drachtio']);
    expect(new Set(given.map(({ from }) => from)).size).toBe(1);
    expect(given[0]?.from).toMatch(/EdgeDrachtioSecret/);
  });

  it('stops its application before its drachtio, and restarts it beside a drachtio that goes on', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: Match.arrayWith([
        Match.objectLike({
          Name: 'app',
          DependsOn: [{ Condition: 'START', ContainerName: 'drachtio' }],
          RestartPolicy: Match.objectLike({ Enabled: true }),
          StopTimeout: 120,
          Environment: Match.arrayWith([{ Name: 'DRAIN_LIMIT_SEC', Value: '110' }]),
        }),
      ]),
    });
  });

  it('starts a drachtio that a packet ended beside its application, which takes seconds and no new task', () => {
    const drachtio = containersOf(template, /^EdgeTask/).filter(({ Name }) => Name === 'drachtio');
    for (const { RestartPolicy } of drachtio)
      expect(RestartPolicy).toMatchObject({ Enabled: true, RestartAttemptPeriod: 60 });
  });

  it('lets a connection have little unread: drachtio keeps a copy of it with each request', () => {
    const drachtio = containersOf(template, /^EdgeTask/).filter(({ Name }) => Name === 'drachtio');
    const most = drachtio.map(({ SystemControls: [control] = [] }) =>
      Number(control?.Value.split(' ').at(-1)),
    );
    expect(most).toEqual([32_768, 32_768]);
  });

  it('serves before the one it replaces goes', () => {
    template.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 1,
      DeploymentConfiguration: Match.objectLike({ MinimumHealthyPercent: 100, MaximumPercent: 200 }),
      LoadBalancers: [Match.objectLike({ ContainerName: 'drachtio', ContainerPort: 5060 })],
    });
  });
});

describe('the name by which gateways find the edges', () => {
  it('loses an edge whose task ECS finds unhealthy', () => {
    template.hasResourceProperties('AWS::ServiceDiscovery::Service', {
      HealthCheckCustomConfig: { FailureThreshold: 1 },
    });
  });

  it('is there before the first gateway starts: what does not exist is remembered', () => {
    const services = Object.keys(template.findResources('AWS::ECS::Service'));
    const triggers = Object.entries(template.findResources('AWS::Events::Rule')).filter(
      ([id]) => id.startsWith('FleetTriggers') || id.startsWith('OrdersTrigger'),
    );
    expect(triggers).toHaveLength(5);
    for (const [id, rule] of triggers) {
      expect(rule.DependsOn, id).toEqual(expect.arrayContaining(services));
    }
  });
});

describe('the subnets', () => {
  const cidrs = (zones: number) =>
    Object.values(synthesize({ zones }).findResources('AWS::EC2::Subnet')).map(
      ({ Properties }) => Properties.CidrBlock,
    );

  it('stay where they are when a zone is added: CloudFormation cannot move them', () => {
    expect(cidrs(1)).toEqual(['10.20.0.0/18']);
    expect(cidrs(3).slice(0, 2)).toEqual(cidrs(2));
  });
});

describe('what outlives the stack', () => {
  // What the stack's own tasks alone have does not.
  const policyOf = (of: ReturnType<typeof synthesize>, type: string) =>
    Object.entries(of.findResources(type))
      .filter(([id]) => !/^(EdgeDrachtioSecret|MediaReports)/.test(id))
      .map(([, { DeletionPolicy }]) => DeletionPolicy);

  it.each(['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret'])(
    'is %s, unless it is told not to',
    (type) => {
      expect(policyOf(template, type)).toEqual(['Retain']);
      expect(policyOf(synthesize({ keepData: 'false' }), type)).toEqual(['Delete']);
    },
  );
});
