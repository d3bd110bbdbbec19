import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metricNamespace, metrics, outcomeDimension, stackDimension } from '../../contracts/metrics.ts';
import { outcomes } from '../../contracts/outcomes.ts';
import { synthesize } from './synth.ts';

/* What an operator looks at, and is told. */

const template = synthesize({ alarmAddress: 'ops@example.org' });

interface Alarm {
  AlarmDescription?: string;
  AlarmActions?: unknown[];
  OKActions?: unknown[];
  TreatMissingData?: string;
  Namespace?: string;
  MetricName?: string;
  Dimensions?: { Name: string; Value: unknown }[];
  Metrics?: { MetricStat?: { Metric: Pick<Alarm, 'Namespace' | 'MetricName' | 'Dimensions'> } }[];
}

const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).map(
  ([id, { Properties }]) => [id, Properties as Alarm] as const,
);

describe('each alarm', () => {
  it.each(alarms)('%s tells somebody what to do, and has decided what silence means', (_id, alarm) => {
    // What is wrong, and what to do about it.
    expect(alarm.AlarmDescription?.split(/[.:;] /).length).toBeGreaterThan(1);
    expect(alarm.AlarmActions).toHaveLength(1);
    expect(alarm.OKActions).toHaveLength(1);
    expect(['breaching', 'notBreaching']).toContain(alarm.TreatMissingData);
  });

  it.each(alarms)('%s is explained in docs/operate.md', (id) => {
    const operate = readFileSync(resolve(import.meta.dirname, '../../docs/operate.md'), 'utf8');
    const [, name] = /^Alarms([A-Za-z]+?)(?:\d+)?[0-9A-F]{8}$/.exec(id) ?? [];
    expect(operate).toContain(`| \`${name}`);
  });

  it('of edges looks at one zone, where a missing one shows', () => {
    const watched = alarms
      .filter(([id]) => id.startsWith('AlarmsEdgeDown'))
      .map(([, { Dimensions }]) => JSON.stringify(Dimensions));
    expect(watched).toHaveLength(2);
    expect(new Set(watched).size).toBe(2);
  });

  it('can be published, although the topic takes nothing without TLS', () => {
    const [policy] = Object.values(template.findResources('AWS::SNS::TopicPolicy'));
    expect(policy?.Properties.PolicyDocument.Statement).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        expect.objectContaining({ Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' } }),
      ]),
    );
  });

  it('is sent to the address of the settings, and to nobody without one', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'ops@example.org',
    });
    synthesize().resourceCountIs('AWS::SNS::Subscription', 0);
  });

  it('of media has the thresholds of the settings, and is not there for 0', () => {
    const thresholdsOf = (settings: Record<string, unknown>) =>
      ['PacketLoss', 'Jitter'].map((MetricName) =>
        Object.values(
          synthesize(settings).findResources('AWS::CloudWatch::Alarm', { Properties: { MetricName } }),
        ).map(({ Properties }) => Properties.Threshold),
      );
    expect(thresholdsOf({})).toEqual([[5], [60]]);
    expect(thresholdsOf({ alarmLossPercent: 2, alarmJitterMs: 0 })).toEqual([[2], []]);
  });

  it('expects half of the free gateways of the settings, and none of a pool that starts them for calls', () => {
    const thresholdOf = (poolMinFree: number) =>
      Object.values(
        synthesize({ poolMinFree }).findResources('AWS::CloudWatch::Alarm', {
          Properties: { MetricName: 'RegisteredGateways' },
        }),
      ).map(({ Properties }) => Properties.Threshold);
    expect([thresholdOf(0), thresholdOf(2), thresholdOf(9)]).toEqual([[], [1], [5]]);
  });
});

/** A dashboard's text, with a mark in the place of what CloudFormation fills in. */
function dashboardBody(): { widgets: { properties: { metrics?: unknown[][] } }[] } {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const [separator, parts]: [string, unknown[]] = dashboard?.Properties.DashboardBody['Fn::Join'] ?? ['', []];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'X')).join(separator));
}

/** Each as namespace, name, and its dimensions' names and values in turn. */
function ownMetricsOfDashboard(): string[][] {
  const rows = dashboardBody().widgets.flatMap(({ properties }) => properties.metrics ?? []);
  const named = rows.map((row) => row.filter((part) => typeof part === 'string'));
  return named.filter(([namespace]) => namespace === metricNamespace);
}

function expectInContract(name: string | undefined, dimensions: readonly { Name: string; Value: unknown }[]) {
  expect(Object.keys(metrics)).toContain(name);
  const strange = dimensions.filter(({ Name, Value }) => {
    if (Name === stackDimension) return Value !== 'Switchroom';
    return !(Name === outcomeDimension && name === 'Calls' && outcomes.includes(Value as never));
  });
  expect({ name, strange }).toEqual({ name, strange: [] });
}

describe('of our own metrics', () => {
  it('the dashboard names only those of the contract, and leaves none out', () => {
    const shown = ownMetricsOfDashboard();
    for (const [, name, ...dimensions] of shown) {
      const pairs = Array.from({ length: dimensions.length / 2 }, (_, index) => ({
        Name: dimensions[2 * index] as string,
        Value: dimensions[2 * index + 1],
      }));
      expectInContract(name, pairs);
    }
    expect(new Set(shown.map(([, name]) => name))).toEqual(new Set(Object.keys(metrics)));
    const outcomesShown = shown.filter(([, name]) => name === 'Calls').flat();
    expect(outcomesShown).toEqual(expect.arrayContaining([...outcomes]));
  });

  it('the alarms name only those of the contract', () => {
    const named = alarms.flatMap(([, alarm]) => [
      alarm,
      ...(alarm.Metrics ?? []).flatMap(({ MetricStat }) => MetricStat?.Metric ?? []),
    ]);
    const own = named.filter(({ Namespace }) => Namespace === metricNamespace);
    expect(own.length).toBeGreaterThan(5);
    for (const { MetricName, Dimensions } of own) expectInContract(MetricName, Dimensions ?? []);
  });
});

describe('the outputs', () => {
  it('say what to call, where to look, and where the secret is', () => {
    const outputs = template.findOutputs('*');
    for (const name of ['SipAddress', 'SipServer', 'DashboardAddress', 'SipSecretName']) {
      expect(outputs).toHaveProperty(name);
    }
    expect(JSON.stringify(outputs.DashboardAddress)).toContain('#dashboards/dashboard/');
  });
});

describe('the saved queries', () => {
  it('look into the logs of the edges and of all functions', () => {
    const queries = Object.values(template.findResources('AWS::Logs::QueryDefinition'));
    const timeline = queries.find(({ Properties }) => Properties.Name === 'Switchroom/call-timeline');
    expect(timeline?.Properties.LogGroupNames).toHaveLength(6);
    expect(queries).toHaveLength(3);
  });
});
