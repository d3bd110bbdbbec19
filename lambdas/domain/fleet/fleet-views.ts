import { isoOf } from '../../../contracts/api/common.ts';
import type { DecisionView, StartView } from '../../../contracts/api/pool-views.ts';
import { known, ordered } from '../views.ts';
import type { Quiet } from './fleet-pool.ts';
import { phasesOf, type Task } from './task.ts';

/* What the fleet did, as the API shows it. */

export const quietView = ({ rule, since, runs }: Quiet) => ({ rule, since: isoOf(since), runs });

/** A decision as it is kept: the figures of its reason are shown and never reckoned with. */
type Kept = Omit<DecisionView, 'at' | 'quiet'> & { at: number; quiet?: Quiet };

export function decisionView({ at, quiet, reason, recentStarts, ...decision }: Kept): DecisionView {
  return {
    at: isoOf(at),
    ...decision,
    reason: ordered(reason),
    recentStarts: ordered(recentStarts),
    ...(quiet && { quiet: quietView(quiet) }),
  };
}

export function startView(task: Task): StartView {
  const { startId, taskId, state, why, callId, requestedAt, registeredAt, stoppedAt, stopReason } = task;
  const time = (at: number | undefined) => (at === undefined ? undefined : isoOf(at));
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
  const { queuedMs, pullingMs, bootingMs, registeringMs, totalMs } = phasesOf(task);
  return known({
    startId,
    taskId,
    state,
    why,
    callId,
    requestedAt: isoOf(requestedAt),
    registeredAt: time(registeredAt),
    stoppedAt: time(stoppedAt),
    queuedSec: seconds(queuedMs),
    pullingSec: seconds(pullingMs),
    bootingSec: seconds(bootingMs),
    registeringSec: seconds(registeringMs),
    totalSec: seconds(totalMs),
    stopReason,
  });
}
