import type { DaySums } from '../report.ts';
import type { Paint } from './paint.ts';
import { beside, clock, duration, shortened, table } from './table.ts';

/* A day in figures, as text for people. */

const barWidth = 30;

const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
const hours = (sec: number) => `${(sec / 3600).toFixed(1)} h`;

export function showReport(sums: DaySums, paint: Paint): string {
  const { day, calls, answered, cancelled, failed, peak, waits, talkSec, gatewaySec, usd } = sums;
  if (calls === 0) return `No call was over on ${day} (UTC).`;
  const failedText = `${failed} failed (${share(failed, calls)})`;
  const lines: [string, string][] = [
    ['day', `${day} (UTC), by when calls were over`],
    [
      'calls',
      `${calls}: ${answered} answered, ${cancelled} given up, ${failed === 0 ? 'none failed' : failedText}`,
    ],
    ['peak', peak.at === undefined ? 'none was answered' : `${peak.calls} at once, ${clock(peak.at)}`],
    ['talk', hours(talkSec)],
    [
      'waits',
      waits.calls === 0
        ? 'nobody waited for a gateway'
        : `${waits.calls} waited, ${duration(waits.meanSec)} on average, 95 % up to ${duration(waits.p95Sec)}, at most ${duration(waits.longestSec)}`,
    ],
    [
      'cost',
      `gateways were in calls for ${hours(gatewaySec)}${usd === undefined ? '; --hour-price USD says what it cost' : `: ${usd.toFixed(2)} USD`}`,
    ],
  ];
  const head = lines.map(([name, text]) => beside(name, text, 11)).join('\n');
  return [head, hoursTable(sums), failuresTable(sums, paint), callersTable(sums)]
    .filter(Boolean)
    .join('\n\n');
}

function hoursTable({ hours: byHour }: DaySums): string {
  const most = Math.max(...byHour.map((one) => one.calls));
  const rows = byHour.map((one) => [
    `${String(one.hour).padStart(2, '0')}:00`,
    String(one.calls),
    String(one.failed),
    hours(one.talkSec),
    '#'.repeat(Math.ceil((barWidth * one.calls) / most)),
  ]);
  return table(['HOUR', 'CALLS', 'FAILED', 'TALK', ''], rows);
}

function failuresTable({ failures, calls }: DaySums, paint: Paint): string {
  if (failures.length === 0) return '';
  const rows = failures.map((one) => [String(one.calls), share(one.calls, calls), `failed: ${one.outcome}`]);
  return table(['CALLS', 'OF ALL', 'OUTCOME'], rows, paint);
}

function callersTable({ callers }: DaySums): string {
  const rows = callers.map(({ caller, calls, failed, talkSec }) => [
    String(calls),
    String(failed),
    hours(talkSec),
    shortened(caller || '-', 50),
  ]);
  return table(['CALLS', 'FAILED', 'TALK', 'CALLER'], rows);
}
