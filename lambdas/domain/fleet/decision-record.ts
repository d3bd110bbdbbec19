import type { Quiet } from './fleet-pool.ts';
import type { FleetDecision, PoolCounts, RecentStarts } from './types.ts';

/** What a decision did and what it saw. */
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
}

/** Counts a run that did nothing to those before it with the same reason. */
export function stillQuiet(before: Quiet | undefined, rule: string, atMs: number): Quiet {
  if (before?.rule === rule) return { ...before, runs: before.runs + 1 };
  return { rule, since: atMs, runs: 1 };
}
