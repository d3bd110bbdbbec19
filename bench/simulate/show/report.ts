import { type DayName, days } from '../day/days.ts';
import type { Trace } from '../day/trace.ts';
import { policyNames } from '../policies.ts';
import { type Figures, figuresOf, type RunSettings, simulate } from '../simulate.ts';

/** One run, for people. */
export function figuresTable(figures: Figures): string {
  const { waitSec } = figures;
  const rows: [string, string][] = [
    ['gateway-hours', figures.gatewayHours.toFixed(1)],
    ['… per hour of calls', figures.gatewayHoursPerCallHour.toFixed(3)],
    ['calls that waited', `${figures.waitedPct.toFixed(2)} %`],
    ['wait p50 / p95 / p99 / max', `${waitSec.p50} / ${waitSec.p95} / ${waitSec.p99} / ${waitSec.max} s`],
    ['refused', String(figures.refused)],
    ['starts', String(figures.starts)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

/**
 * All days and policies, as a table of Markdown: the mean over the seeds, and the worst of them.
 * @param say is told what is being played
 */
export function allTable(
  trace: Trace,
  settings: RunSettings,
  seeds: number,
  say: (what: string) => void,
): string {
  const lines = [
    '| day | policy | gateway-hours per call-hour | waited | longest wait | refused | starts |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const day of [undefined, ...(Object.keys(days) as DayName[])]) {
    for (const policy of policyNames) {
      say(`${day ?? 'the real day'}, ${policy}`);
      const runs = Array.from({ length: seeds }, (_, i) => {
        const { day: _none, ...rest } = settings;
        const one = { ...rest, policy, seed: i + 1, ...(day !== undefined && { day }) };
        return figuresOf(simulate(trace, one));
      });
      lines.push(row(day ?? 'the real day', policy, runs));
    }
  }
  return `${lines.join('\n')}\n`;
}

function row(day: string, policy: string, runs: readonly Figures[]): string {
  const cell = (of: (figures: Figures) => number, digits: number, unit = '') => {
    const values = runs.map(of);
    const mean = (values.reduce((a, b) => a + b, 0) / values.length).toFixed(digits);
    const worst = Math.max(...values).toFixed(digits);
    return mean === worst ? `${mean}${unit}` : `${mean} (${worst})${unit}`;
  };
  return `| ${[
    day,
    policy,
    cell((one) => one.gatewayHoursPerCallHour, 3),
    cell((one) => one.waitedPct, 2, ' %'),
    cell((one) => one.waitSec.max, 0, ' s'),
    cell((one) => one.refused, 0),
    cell((one) => one.starts, 0),
  ].join(' | ')} |`;
}
