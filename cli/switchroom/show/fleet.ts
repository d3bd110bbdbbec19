import type { DecisionView, SettingsView, StartView, Status } from '../../../contracts/api/pool-views.ts';
import type { Paint } from './paint.ts';
import { beside, clock, duration, secondsBetween, table } from './table.ts';

/* What the fleet did, and how the pool stands, as text for people. */

const seconds = (sec: number | undefined) => sec?.toFixed(1) ?? '-';

const countsText = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ') || 'nothing';

/** A decision in words: what was there, what was wanted, what was done. */
export function decisionText(decision: DecisionView): string {
  const { action, count, done, reason, counts, waiting, warning } = decision;
  const { unmanaged: _unmanaged, ...shown } = counts;
  const wanted =
    typeof reason.level === 'number'
      ? `${reason.level}${waiting > 0 ? ` and ${waiting} for those who wait` : ''} wanted`
      : '';
  const did = `${action === 'start' ? 'started' : 'drained'} ${done}${done === count ? '' : ` of ${count}`}`;
  const why = typeof reason.limit === 'string' ? ` (no more: ${reason.limit})` : '';
  const saw = `${countsText({ ...shown, waiting })}${wanted && `, ${wanted}`}`;
  return `${saw}: ${did}${why}${warning === undefined ? '' : ` [${warning}]`}`;
}

const quietText = ({ rule, since, runs }: { rule: string; since: string; runs: number }, now: number) =>
  `Since ${clock(since)}, for ${duration(secondsBetween(since, now))}: nothing to do (${rule}), looked at ${runs === 1 ? 'once' : `${runs} times`}.`;

export function showDecisions(decisions: readonly DecisionView[]): string {
  if (decisions.length === 0) return 'The fleet has decided nothing yet.';
  return decisions
    .map((one) => {
      const forCall = one.callId === undefined ? '' : `, for call ${one.callId}`;
      const why = `${one.reason.rule}, on ${one.trigger}${forCall}`;
      return `${beside(clock(one.at), decisionText(one), 21)}\n${beside('', why, 21)}`;
    })
    .join('\n');
}

export function showStarts(starts: readonly StartView[], paint: Paint): string {
  if (starts.length === 0) return 'No gateway has been started.';
  const rows = starts.map((one) => [
    clock(one.requestedAt),
    one.taskId?.slice(0, 8) ?? '-',
    one.state,
    seconds(one.queuedSec),
    seconds(one.pullingSec),
    seconds(one.bootingSec),
    seconds(one.registeringSec),
    seconds(one.totalSec),
    one.why,
  ]);
  const header = ['ASKED (UTC)', 'TASK', 'STATE', 'QUEUE', 'PULL', 'BOOT', 'REG.', 'ALL s', 'WHY'];
  const ends = starts.map(({ stopReason }) => stopReason);
  return table(header, rows, paint, ends);
}

/** How it stands, on one screen. */
export function showStatus(status: Status, now: number, paint: Paint): string {
  const { gateways, managed, maximum, starting, startsFailing, waiting, longestWaitSec, calls, edges } =
    status;
  const { finished, failed, more } = status.lastHour;
  const up = edges.filter(({ isUp }) => isUp).length;
  const draining = edges.filter((edge) => edge.isUp && edge.drainingSince !== undefined).length;
  const failures = failed.reduce((sum, { count }) => sum + count, 0);
  const ours = managed === undefined ? 'nobody manages them' : `${managed} of at most ${maximum ?? '?'} ours`;
  const waits =
    waiting === 0
      ? 'nobody waits'
      : `${waiting} ${waiting === 1 ? 'waits,' : 'wait, the first'} for ${duration(longestWaitSec ?? 0)}`;
  const lines: [string, string][] = [
    [
      'edges',
      edges.length === 0
        ? 'none has asked yet'
        : `${up} of ${edges.length} up${draining > 0 ? `, ${draining} draining` : ''}`,
    ],
    ['gateways', `${countsText({ ...gateways, starting })}; ${ours}`],
    ['calls', `${calls} in progress, ${waits}`],
    [
      'last hour',
      `${finished} answered or given up, ${failures}${more ? ' or more' : ''} failed${failed.length > 0 ? ': ' : ''}${failed
        .map(({ outcome, count }) => `${count} ${outcome}`)
        .join(', ')}`,
    ],
    ...(startsFailing
      ? [['starts', `${paint('failed')} again and again: see switchroom starts`] as [string, string]]
      : []),
    ...(status.lastDecision
      ? [
          ['decided', `${clock(status.lastDecision.at)}: ${decisionText(status.lastDecision)}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(status.quiet ? [['', quietText(status.quiet, now)] as [string, string]] : []),
  ];
  return lines.map(([name, text]) => beside(name, text, 11)).join('\n');
}

const indented = (value: unknown) =>
  typeof value === 'object' ? JSON.stringify(value, null, 2).replaceAll('\n', `\n${' '.repeat(18)}`) : value;

export function showSettings(settings: SettingsView): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name.padEnd(17)} ${indented(value)}`)
    .join('\n');
}
