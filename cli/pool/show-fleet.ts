import type { DecisionView, InspectAnswer, StartView } from '../../contracts/inspect.ts';
import { duration, table } from './table.ts';

/* What the fleet did, as text for people. */

const clock = (at: number) => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
const seconds = (ms: number | undefined) => (ms === undefined ? '-' : (ms / 1000).toFixed(1));

function countsText({ counts, waiting }: DecisionView): string {
  const all = [...Object.entries(counts), ['waiting', waiting] as const];
  return (
    all
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ') || 'nothing'
  );
}

/** What a rule compares, in the order to be read in. */
const compared = ['short', 'surplus', 'level', 'keep', 'ready', 'failures', 'limit'] as const;

/** The rule, and the numbers that it compared. */
function whyText({ reason, callId }: DecisionView): string {
  const numbers = compared.flatMap((name) => (reason[name] === undefined ? [] : `${name} ${reason[name]}`));
  return [`${reason.rule} (${numbers.join(', ')})`, callId && `for call ${callId}`].filter(Boolean).join(' ');
}

/** @param now epoch ms */
export function showDecisions(
  { decisions, quiet }: Extract<InspectAnswer, { result: 'decisions' }>,
  now: number,
): string {
  const since = quiet && [
    `Since ${clock(quiet.since)}, for ${duration((now - quiet.since) / 1000)}: nothing to do (${quiet.rule}), looked at ${quiet.runs} times.`,
  ];
  if (decisions.length === 0) return ['The fleet has decided nothing yet.', ...(since ?? [])].join('\n');
  const rows = decisions.map((one) => [
    clock(one.at),
    one.done === one.count ? `${one.action} ${one.done}` : `${one.action} ${one.done} of ${one.count}`,
    one.trigger,
    countsText(one),
    whyText(one),
  ]);
  const list = table(['WHEN (UTC)', 'WHAT', 'ON', 'SAW', 'WHY'], rows);
  return [list, ...(since ? ['', ...since] : [])].join('\n');
}

export function showStarts(starts: readonly StartView[]): string {
  if (starts.length === 0) return 'No gateway has been started.';
  const rows = starts.map((one) => [
    clock(one.requestedAt),
    one.taskId?.slice(0, 8) ?? '-',
    one.state,
    seconds(one.queuedMs),
    seconds(one.pullingMs),
    seconds(one.bootingMs),
    seconds(one.registeringMs),
    seconds(one.totalMs),
    one.why,
    one.stopReason ?? '',
  ]);
  const phases = ['QUEUED', 'PULLING', 'BOOTING', 'REGISTERING', 'IN ALL (s)'];
  return table(['ASKED (UTC)', 'TASK', 'STATE', ...phases, 'WHY', 'STOPPED'], rows);
}
