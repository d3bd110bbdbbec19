import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type DayName, days } from '../../bench/simulate/day/days.ts';
import { readTrace } from '../../bench/simulate/day/trace.ts';
import { dayOf, figuresOf, type RunSettings, simulate } from '../../bench/simulate/simulate.ts';

/* The sample is a sixth of a real day: a pool a sixth as large has more to spare for chance, so its costs are higher. */

const root = resolve(import.meta.dirname, '../..');
const sample = readTrace(join(root, 'bench/simulate/sample.csv'));
const settings: RunSettings = {
  policy: 'predictive',
  startSec: [60, 120],
  gateways: 'single-use',
  maxGateways: 2000,
  waitLimitSec: 90,
  stopSec: 5,
  seed: 1,
  historyDays: 28,
  timeZone: 'Europe/Paris',
  surgeMinute: 11 * 60 + 30,
};
const played = (some: Partial<RunSettings> = {}) => figuresOf(simulate(sample, { ...settings, ...some }));

describe('the sample day', () => {
  it.each([1, 2, 3])('is served ahead of need by the prediction, seed %i', (seed) => {
    const figures = played({ seed });
    expect(figures.gatewayHoursPerCallHour).toBeLessThan(1.24);
    expect(figures.waitedPct).toBeLessThanOrEqual(0.5);
    expect(figures.refused).toBe(0);
    expect(figures.gatewayHours).toBeLessThan(played({ policy: 'original', seed }).gatewayHours);
  });

  it('is served without a day to learn from', () => {
    const figures = played({ historyDays: 0 });
    expect(figures.gatewayHoursPerCallHour).toBeLessThan(1.4);
    expect(figures.waitedPct).toBeLessThan(2);
    expect(figures.refused).toBe(0);
  });

  it('costs less with gateways that are used again in fewer starts', () => {
    const figures = played({ gateways: 'reuse' });
    expect(figures.starts).toBeLessThan(played().starts / 1.5);
    expect(figures.waitedPct).toBeLessThanOrEqual(0.5);
  });

  it('is the same each time it is played with a seed, and another with another', () => {
    expect(played({ policy: 'original' })).toEqual(played({ policy: 'original' }));
    expect(played({ day: 'weekday' })).not.toEqual(played({ day: 'weekday', seed: 2 }));
  });

  it('is served up to the maximum and no further', () => {
    const run = simulate(sample, { ...settings, maxGateways: 40 });
    const most = run.samples.map(({ free, busy, starting, draining }) => free + busy + starting + draining);
    expect(Math.max(...most)).toBe(40);
    expect(run.refused).toBeGreaterThan(0);
  });
});

describe.each(Object.keys(days) as DayName[])('the synthetic day %s', (day) => {
  it('costs less than with the original; no more callers wait, or at most one of 200', () => {
    const own = [1, 2, 3].map((seed) => played({ day, seed }));
    const other = [1, 2, 3].map((seed) => played({ day, seed, policy: 'original' }));
    const sum = (of: typeof own, what: 'gatewayHoursPerCallHour' | 'waitedPct' | 'refused') =>
      of.reduce((total, one) => total + one[what], 0);
    expect(sum(own, 'gatewayHoursPerCallHour')).toBeLessThan(sum(other, 'gatewayHoursPerCallHour'));
    expect(sum(own, 'waitedPct')).toBeLessThanOrEqual(Math.max(3 * 0.5, sum(other, 'waitedPct')));
    expect(sum(own, 'refused')).toBeLessThanOrEqual(sum(other, 'refused'));
  });

  it('is a day of its own date, in order, whatever the seed', () => {
    const { trace } = dayOf(sample, { ...settings, day });
    expect(trace.date).not.toBe(sample.date);
    const starts = trace.calls.map(({ startMs }) => startMs);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(trace.calls.every(({ durationMs }) => durationMs >= 1000)).toBe(true);
  });
});

describe('npm run simulate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'simulate-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const command = join(root, 'bench/simulate/main.ts');
  const run = (...args: string[]) => execFileSync(process.execPath, [command, ...args], { encoding: 'utf8' });

  it('prints one JSON object with what a run is judged by', () => {
    const printed = JSON.parse(run('--json', '--start-sec', '60..120', '--policy', 'predictive'));
    expect(printed).toEqual(played());
    expect(Object.keys(printed)).toEqual([
      'gatewayHours',
      'gatewayHoursPerCallHour',
      'waitedPct',
      'waitSec',
      'refused',
      'starts',
    ]);
    expect(Object.keys(printed.waitSec)).toEqual(['p50', 'p95', 'p99', 'max']);
  });

  it('prints a table for people', () => {
    expect(run('--policy', 'original')).toMatch(/per hour of calls +1\.\d{3}\n/);
  });

  it('takes the file of a policy, as production does', () => {
    const file = join(folder, 'policy.json');
    writeFileSync(
      file,
      JSON.stringify({ auto_scale_threshold: { '00:00:00': { unlockedMin: 0, loadMax: 1 } } }),
    );
    expect(JSON.parse(run('--json', '--policy', file)).waitedPct).toBeGreaterThan(90);
  });

  it('writes a day that it plays as it would have drawn it', () => {
    const file = join(folder, 'day.csv');
    run('--day', 'flat-night', '--seed', '3', '--write', file);
    expect(readTrace(file)).toEqual(dayOf(sample, { ...settings, day: 'flat-night', seed: 3 }).trace);
  });

  it('draws the day', () => {
    const file = join(folder, 'day.svg');
    run('--plot', file);
    const drawn = readFileSync(file, 'utf8');
    expect(drawn).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
    expect(drawn.length).toBeLessThan(150_000);
  });

  it.each([
    [['--policy', 'no-such-policy'], /neither original, timeline, predictive nor a file/],
    [['--trace', 'no-such-file.csv'], /trace cannot be read/],
    [['--start-sec', '120..60'], /60\.\.120/],
    [['--day', 'doomsday'], /flat-night/],
    [['--seed', 'x'], /whole number/],
    [['--no-such-option'], /no-such-option/],
  ])('says what is wrong with %j', (args, message) => {
    const { status, stderr } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBeLessThan(4);
  });
});
