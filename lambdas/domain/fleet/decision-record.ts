import { decisionsWatchKey } from '../../store/keys.ts';
import { expiryAfter } from '../time.ts';
import type { Quiet } from './fleet-pool.ts';
import type { FleetDecision, PoolCounts, RecentStarts } from './types.ts';

const keptSec = 30 * 24 * 3600;

/** What a decision did and what it saw: item `DECISION#<at>-<id>`, kept 30 days. */
export interface DecisionRecord {
  at: number;
  action: 'start' | 'drain';
  /** Wanted, and done: fewer where ECS or a call was in the way. */
  count: number;
  done: number;
  reason: FleetDecision['reason'];
  warning?: FleetDecision['warning'];
  trigger: string;
  counts: PoolCounts;
  managed: number;
  waiting: number;
  callId?: string;
  recentStarts: RecentStarts;
  /** The runs before it that did nothing, told as one. */
  quiet?: Quiet;
  watchKey: string;
  watchAt: number;
  expiresAt: number;
}

export function decisionRecord(
  decided: Omit<DecisionRecord, 'watchKey' | 'watchAt' | 'expiresAt'>,
): DecisionRecord {
  const { at } = decided;
  return { ...decided, watchKey: decisionsWatchKey(at), watchAt: at, expiresAt: expiryAfter(at, keptSec) };
}

/** Counts a run that did nothing to those before it with the same reason. */
export function stillQuiet(before: Quiet | undefined, rule: string, atMs: number): Quiet {
  if (before?.rule === rule) return { ...before, runs: before.runs + 1 };
  return { rule, since: atMs, runs: 1 };
}
