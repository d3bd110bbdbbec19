import type { Fact } from '../../../contracts/facts.ts';
import type { Call } from '../call/call.ts';
import { localTime } from './local-time.ts';

const dayMs = 24 * 3_600_000;
/** Days that are learnt from; each counts half after three weeks. */
const learntDays = 56;

/**
 * Whether a fact tells of a call for the first time: it waits, is offered without having waited, or is refused for
 * want of a gateway. So each call counts once.
 * @param call its record, if there is one
 */
export function isArrival(fact: Fact, call: Call | undefined): boolean {
  if (fact.type === 'call.waiting') return fact.waitedSec === 0;
  if (call?.waitingSince !== undefined) return false;
  if (fact.type === 'call.offered') return fact.attempt === 1;
  return fact.type === 'call.failed' && fact.outcome === 'pool-exhausted' && fact.failed.length === 0;
}

/** @returns the days before this one that are learnt from, as the policy's time zone has them */
export function learntDates(nowMs: number, timeZone: string): string[] {
  const { date } = localTime(nowMs, timeZone);
  return Array.from({ length: learntDays }, (_, back) =>
    new Date(Date.parse(date) - (back + 1) * dayMs).toISOString().slice(0, 10),
  );
}
