import { isOpen, retryAt } from './breaker.ts';
import { ordered, reservedAt } from './orders.ts';
import { predictiveNeed } from './predictive-policy.ts';
import { timelineNeed } from './timeline-policy.ts';
import type { FleetDecision, FleetInput, FleetLimit, FleetMemory, Need, PoolCounts } from './types.ts';

/**
 * Whether gateways are to be started or drained now. It sees counts only, so a pool of ten thousand costs what one of
 * ten does. Never more than the maximum, never more drained than are free, nothing started while starts fail.
 */
export function decide(input: FleetInput): FleetDecision {
  const { policy, counts, waiting, nowMs } = input;
  const need = needOf(input);
  const ready = counts.free + counts.starting;
  const compared = { figures: need.figures, level: need.level, keep: need.keep, ready };
  if (input.orders?.paused) {
    return { action: 'none', count: 0, reason: { ...compared, rule: 'paused' }, memory: {} };
  }
  const short = Math.ceil(need.level + waiting - ready);
  // A maximum that was lowered (by the time of day) goes before the need.
  const freeManaged = counts.free - counts.unmanaged;
  const tooMany = stayingOf(counts) - need.max;
  if (short > 0 && (tooMany <= 0 || freeManaged === 0)) return start(input, need, compared, short);

  const spare = ready - waiting - need.keep;
  const surplus = Math.min(freeManaged, Math.max(Math.floor(spare), tooMany));
  if (surplus <= 0) return { action: 'none', count: 0, reason: { ...compared, rule: 'enough' }, memory: {} };
  return drain(policy.drainAfterSec * 1000, input.memory, nowMs, surplus, compared);
}

/** What the policy wants, and what operators have ordered beside it. */
function needOf(input: FleetInput): Need {
  const { policy, counts, orders, nowMs, startMs } = input;
  const need = policy.policy === 'timeline' ? timelineNeed(policy, input) : predictiveNeed(policy, input);
  return orders === undefined ? need : ordered(need, orders, counts, reservedAt(orders, nowMs, startMs ?? 0));
}

/** Gateways of ours that are there, or come, to stay: those that are leaving are none. */
const stayingOf = ({ free, unmanaged, locked, busy, held, starting }: PoolCounts): number =>
  free - unmanaged + locked + busy + held + starting;

type Compared = Pick<FleetDecision['reason'], 'figures' | 'level' | 'keep' | 'ready'>;

function start(input: FleetInput, need: Need, compared: Compared, short: number): FleetDecision {
  const { policy, counts, recentStarts, nowMs } = input;
  const memory: FleetMemory = {};
  const room = need.max - stayingOf(counts) - counts.draining;
  const inFlight = policy.maxStarting - counts.starting;
  const count = Math.max(0, Math.min(short, room, inFlight));
  const limit: FleetLimit | undefined =
    count === short ? undefined : room <= inFlight ? 'maximum' : 'starts-in-flight';

  if (isOpen(recentStarts, policy.breaker) && room > 0) {
    const failing = { ...compared, short, failures: recentStarts.consecutiveFailures };
    const at = retryAt(recentStarts, policy.breaker);
    const said = { warning: 'starts-failing', retryAt: at, memory } as const;
    if (nowMs < at)
      return { action: 'none', count: 0, reason: { ...failing, rule: 'breaker-open' }, ...said };
    if (counts.starting > 0) {
      return { action: 'none', count: 0, reason: { ...failing, rule: 'breaker-waits' }, ...said };
    }
    return { action: 'start', count: 1, reason: { ...failing, rule: 'breaker-trial' }, ...said };
  }
  if (count === 0) {
    const full = limit ?? 'maximum';
    const reason = { ...compared, rule: 'full', short, limit: full } as const;
    return {
      action: 'none',
      count: 0,
      reason,
      memory,
      ...(full === 'maximum' && { warning: 'at-maximum' as const }),
    };
  }
  return {
    action: 'start',
    count,
    reason: { ...compared, rule: 'short', short, ...(limit !== undefined && { limit }) },
    memory,
    ...(limit === 'maximum' && { warning: 'at-maximum' as const }),
  };
}

/** What was superfluous all the time for long enough goes: a surplus that comes and goes stays. */
function drain(
  afterMs: number,
  memory: FleetMemory,
  nowMs: number,
  surplus: number,
  compared: Compared,
): FleetDecision {
  const sinceMs = memory.surplusSince ?? nowMs;
  const least = Math.min(surplus, memory.surplusMin ?? surplus);
  if (nowMs - sinceMs < afterMs) {
    return {
      action: 'none',
      count: 0,
      reason: { ...compared, rule: 'surplus-young', surplus, sinceMs },
      memory: { surplusSince: sinceMs, surplusMin: least },
    };
  }
  return {
    action: 'drain',
    count: least,
    reason: { ...compared, rule: 'surplus', surplus, sinceMs },
    memory: { surplusSince: nowMs },
  };
}
