import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PublicZone } from '../../lab/aws/public-zone.ts';
import type { TargetGroup } from '../../lab/aws/target-group.ts';
import type { Resource } from '../../local/aws/template.ts';

const resource = (type: string, ref: string, properties: object, attributes = {}) =>
  ({ type, logicalId: ref, ref, properties, attributes }) as unknown as Resource;

const zoneOf = (n: number) => [
  resource('AWS::CloudWatch::Alarm', `Down${n}`, {
    Period: 60,
    EvaluationPeriods: 2,
    Dimensions: [{ Name: 'TargetGroup', Value: `targetgroup/Group${n}` }],
  }),
  resource(
    'AWS::Route53::HealthCheck',
    `Check${n}`,
    { HealthCheckConfig: { AlarmIdentifier: { Name: `Down${n}` } } },
    { HealthCheckId: `Check${n}` },
  ),
  resource('AWS::Route53::RecordSet', `Address${n}`, {
    Name: 'sip.example.test.',
    Type: 'A',
    TTL: '60',
    HealthCheckId: `Check${n}`,
    ResourceRecords: [`203.0.113.${n}`],
  }),
];

const services = resource('AWS::Route53::RecordSet', 'Services', {
  Name: 'sip.example.test.',
  Type: 'NAPTR',
  TTL: '300',
  ResourceRecords: ['10 10 "s" "SIP+D2T" "" _sip._tcp.sip.example.test.'],
});

describe('the public zone', () => {
  const healthy = [1, 1];
  let zone: PublicZone;

  beforeEach(() => {
    vi.useFakeTimers();
    healthy.fill(1);
    const groups = healthy.map(
      (_, index) =>
        ({
          arn: `Group${index + 1}`,
          get described() {
            return Array.from({ length: healthy[index] as number }, () => ({
              address: '',
              state: 'healthy',
            }));
          },
        }) as unknown as TargetGroup,
    );
    zone = new PublicZone([...zoneOf(1), ...zoneOf(2), services], groups);
  });
  afterEach(() => {
    zone.close();
    vi.useRealTimers();
  });

  const addresses = () =>
    (zone.lookUp('sip.example.test') ?? []).flatMap((one) => (one.type === 'A' ? [one.data] : []));

  it('leaves a zone out when it had no edge in two periods, within the time it names, and takes it back', () => {
    vi.advanceTimersByTime(90_000);
    expect(addresses()).toEqual(['203.0.113.1', '203.0.113.2']);
    healthy[0] = 0;
    vi.advanceTimersByTime(60_000);
    expect(addresses()).toEqual(['203.0.113.1', '203.0.113.2']);
    vi.advanceTimersByTime(zone.limitSec * 1000 - 60_000);
    expect(addresses()).toEqual(['203.0.113.2']);
    healthy[0] = 1;
    vi.advanceTimersByTime(120_000);
    expect(addresses()).toEqual(['203.0.113.1', '203.0.113.2']);
  });

  it('names all zones where none has an edge', () => {
    healthy.fill(0);
    vi.advanceTimersByTime(200_000);
    expect(addresses()).toEqual(['203.0.113.1', '203.0.113.2']);
  });

  it('gives NAPTR records as the zone file has them', () => {
    const [record] = (zone.lookUp('sip.example.test') ?? []).filter(({ type }) => type === 'NAPTR');
    expect(record).toMatchObject({
      ttl: 300,
      data: {
        order: 10,
        preference: 10,
        flags: 's',
        services: 'SIP+D2T',
        replacement: '_sip._tcp.sip.example.test',
      },
    });
    expect(zone.lookUp('other.example.test')).toBeUndefined();
  });
});
