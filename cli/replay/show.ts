import { duration, table } from '../switchroom/show/table.ts';
import type { Handled } from './replay.ts';

/* What a replay did, as text for people. */

const fates = { 'given-back': 'given back', shown: 'in the queue', kept: 'kept' } as const;

/** @param now epoch ms */
export function show(handled: readonly Handled[], now: number): string {
  if (handled.length === 0) return 'There are no dead letters.';
  const rows = handled.map(({ sentAt, what, callId, queue, fate, why, because }) => [
    `${duration((now - sentAt) / 1000)} ago`,
    what ?? 'unknown',
    callId ?? '-',
    queue,
    because === undefined ? fates[fate] : `${fates[fate]}: ${because}`,
    why ?? '-',
  ]);
  const count = (fate: Handled['fate']) => handled.filter((one) => one.fate === fate).length;
  const summary = (['given-back', 'shown', 'kept'] as const)
    .filter((fate) => count(fate) > 0)
    .map((fate) => `${count(fate)} ${fates[fate]}`);
  return `${table(['SENT', 'WHAT', 'CALL', 'QUEUE', 'NOW', 'NOT DELIVERED'], rows)}\n\n${summary.join(', ')}`;
}
