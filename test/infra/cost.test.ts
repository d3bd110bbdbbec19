import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metrics } from '../../contracts/metrics.ts';
import { outcomes } from '../../contracts/outcomes.ts';
import { asMarkdown, estimate } from '../../scripts/cost/estimate.ts';
import type { Template } from '../../scripts/cost/template.ts';
import { sipmediagw, synthesize } from './synth.ts';

/* `npm run cost`: what it counts is what the template has, and what the document says is what it prints. */

const templateOf = (settings: Record<string, unknown> = {}) => synthesize(settings).toJSON() as Template;
const rowsOf = (settings: Record<string, unknown> = {}) => estimate(templateOf(settings)).idle;
const countOf = (what: RegExp, settings: Record<string, unknown> = {}) =>
  rowsOf(settings)
    .filter((row) => what.test(row.what))
    .reduce((sum, { count }) => sum + count, 0);

describe('the estimate', () => {
  it.each([
    ['AWS::EC2::EIP', /^Elastic IP/],
    ['AWS::ElasticLoadBalancingV2::LoadBalancer', /^network load balancer/],
    ['AWS::SecretsManager::Secret', /^secret/],
    ['AWS::CloudWatch::Dashboard', /^dashboard/],
  ])('counts each %s of the template', (type, what) => {
    for (const settings of [{}, { zones: 3 }]) {
      const inTemplate = Object.values(templateOf(settings).Resources).filter(({ Type }) => Type === type);
      expect(countOf(what, settings)).toBe(inTemplate.length);
    }
  });

  it('counts an edge a zone, as many free gateways as the settings say, and an address of each', () => {
    expect(countOf(/^edge on Fargate/, { zones: 3 })).toBe(3);
    expect(countOf(/^gateway on Fargate/, { poolMinFree: 7 })).toBe(7);
    expect(countOf(/^public address/, { zones: 3, poolMinFree: 7 })).toBe(10);
  });

  it('takes the sizes of tasks from the template', () => {
    const usd = (settings: Record<string, unknown>) =>
      rowsOf(settings).find(({ what }) => what.startsWith('edge on'))?.usd;
    // 1 vCPU, 2 GB, x86, two zones: 730 h of each.
    expect(usd({})).toBeCloseTo(2 * 730 * (0.04048 + 2 * 0.004445), 6);
    expect(usd({ edgeCpuUnits: 2048, edgeMemoryMiB: 4096 })).toBeCloseTo(
      4 * 730 * (0.04048 + 2 * 0.004445),
      6,
    );
  });

  it('counts an alarm by the metrics in it, and each metric of ours', () => {
    const alarms = Object.values(templateOf().Resources).filter(
      ({ Type }) => Type === 'AWS::CloudWatch::Alarm',
    );
    const [inAlarms] = rowsOf().filter(({ what }) => what === `metric in the ${alarms.length} alarms`);
    expect(inAlarms?.count).toBeGreaterThan(alarms.length);
    expect(inAlarms?.usd).toBeCloseTo(0.1 * (inAlarms?.count ?? 0), 6);
    expect(countOf(/^custom metric/)).toBe(Object.keys(metrics).length + outcomes.length);
  });

  it('counts the time of gateways, which is most of what calls cost', () => {
    const { perThousandCalls } = estimate(templateOf());
    const hours = perThousandCalls.find(({ what }) => what.startsWith('gateway-hours'));
    // A quarter of an Arm vCPU, half a GB, and an address.
    expect(hours?.usd).toBeCloseTo((hours?.count ?? 0) * (0.25 * 0.032384 + 0.5 * 0.003556 + 0.005), 6);
  });

  it('counts what exports add to each call, where they are set', () => {
    const exporting = { recordExportDays: 30, webhookUrl: 'https://facts.example.org' };
    const rows = estimate(templateOf(exporting)).perThousandCalls;
    const without = estimate(templateOf()).perThousandCalls.length;
    expect(rows.slice(without)).toEqual([
      { what: 'MB of records to S3', count: 5, usd: expect.closeTo(0.000145, 9) },
      { what: 'records sent to webhookUrl', count: 1000, usd: expect.closeTo(0.0002, 9) },
    ]);
    expect(estimate(templateOf(exporting)).unpriced).toEqual([]);
  });

  it('names what it has no price for', () => {
    expect(estimate(templateOf()).unpriced).toEqual([]);
    expect(estimate(templateOf(sipmediagw)).unpriced).toEqual(['AWS::AutoScaling::AutoScalingGroup']);
  });
});

it('docs/deploy.md says what `npm run cost` prints', () => {
  const document = readFileSync(resolve(import.meta.dirname, '../../docs/deploy.md'), 'utf8');
  expect(document).toContain(asMarkdown(estimate(templateOf())));
});
