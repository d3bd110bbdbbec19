import { isLive } from '../time.ts';
import type { Gateway } from './gateway.ts';

/*
 *  locked ──answered──> busy ──ended──> (deleted, or free again)
 *    │
 *    └─ now > lockedUntil: lapsed. Nobody has said that the call was answered, nor that it was not: whoever comes upon
 *       it looks at the call (usecases/lapsed-lock.ts), or the sweep ends that.
 *
 *  free <──hold, release──> held: an operator's
 */

/** Whether its lock is over without an answer. */
export function hasLapsed(gateway: Pick<Gateway, 'state' | 'lockedUntil'>, nowMs: number): boolean {
  return gateway.state === 'locked' && (gateway.lockedUntil ?? 0) < nowMs;
}

/** Whether a call owns it, for all that was said. */
export function mayBeInCall({ state }: Pick<Gateway, 'state'>): boolean {
  return state === 'busy' || state === 'locked';
}

/** Whether a call owns it now. */
export function isOwned(gateway: Pick<Gateway, 'state' | 'lockedUntil'>, nowMs: number): boolean {
  return gateway.state === 'busy' || (gateway.state === 'locked' && !hasLapsed(gateway, nowMs));
}

/** Whether it can be given to a call now, a lapsed lock once it is ended. */
export function canBeGiven(gateway: Gateway, nowMs: number): boolean {
  return isLive(gateway, nowMs) && (gateway.state === 'free' || hasLapsed(gateway, nowMs));
}
