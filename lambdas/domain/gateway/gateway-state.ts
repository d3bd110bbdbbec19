import { isLive } from '../time.ts';
import type { Gateway } from './gateway.ts';

/*
 *  locked ──answered──> busy ──ended──> (deleted, or free again)
 *    │
 *    └─ now > lockedUntil: lapsed, counts as free, although nobody has written so yet
 */

/** Whether its lock is over without an answer. */
export function hasLapsed(gateway: Pick<Gateway, 'state' | 'lockedUntil'>, nowMs: number): boolean {
  return gateway.state === 'locked' && (gateway.lockedUntil ?? 0) < nowMs;
}

/** Whether a call owns it now. */
export function isHeld(gateway: Pick<Gateway, 'state' | 'lockedUntil'>, nowMs: number): boolean {
  return gateway.state === 'busy' || (gateway.state === 'locked' && !hasLapsed(gateway, nowMs));
}

/** Whether it can be given to a call now. */
export function canBeGiven(gateway: Gateway, nowMs: number): boolean {
  return isLive(gateway, nowMs) && (gateway.state === 'free' || hasLapsed(gateway, nowMs));
}
