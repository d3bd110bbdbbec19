import { type Call, ownerOf } from '../call/call.ts';
import type { Transition } from '../call/call-state.ts';
import type { Gateway } from './gateway.ts';
import { hasLapsed } from './gateway-state.ts';

/** What becomes of a gateway after its call: `stop` for single-use gateways (as the original's), or `reuse`. */
export type AfterCall = 'stop' | 'reuse';

/** What to write of the gateway, in the same transaction as the call. */
export interface GatewayDecision {
  /** `busy`, `free`, `silent`, `draining`: its next state. `delete`: its location is gone. */
  write: 'none' | 'busy' | 'free' | 'silent' | 'draining' | 'delete';
  /** The registration whose late refresh is refused from now on. */
  tombstone?: string;
  /** The ECS task to stop once all is written. */
  stopTaskId?: string;
}

const nothing: GatewayDecision = { write: 'none' };

/**
 * Decides what a step of a call does to its gateway. Only the call that owns a gateway may change it: a lock that
 * lapsed may belong to another call by now, and a gateway that started anew knows nothing of this one.
 * @param step what happened, with the call's record as it leaves it
 * @param gateway the gateway's item as read, whether or not it ran out; none if it is gone
 */
export function decideGateway(
  step: Transition,
  gateway: Gateway | undefined,
  afterCall: AfterCall,
  nowMs: number,
): GatewayDecision {
  const { call, effect } = step;
  const owned = gateway !== undefined && gateway.lockedBy === ownerOf(call);
  switch (effect) {
    case 'none':
      return nothing;
    case 'confirm':
      if (owned) return gateway.state === 'locked' ? { write: 'busy' } : nothing;
      return gateway !== undefined && mayClaim(call, gateway, nowMs) ? { write: 'busy' } : nothing;
    case 'free':
      return owned ? { write: 'free' } : nothing;
    case 'silence':
      return owned ? { write: 'silent' } : nothing;
    case 'drain':
      return owned && gateway.state !== 'draining' ? { write: 'draining' } : nothing;
    case 'resume':
      return owned && gateway.state === 'draining' ? { write: 'busy' } : nothing;
    case 'after-call':
    case 'lost':
      if (afterCall === 'stop') return owned ? stopped(gateway) : stoppedWithout(step, gateway);
      // A lost gateway comes back by registering, and not before.
      return owned ? { write: effect === 'lost' ? 'silent' : 'free' } : nothing;
  }
}

/**
 * Whether an answer that came after its lock lapsed may still take the gateway: nobody else has it, and it is the
 * registration that was called. It is in the call in truth, so a second caller would only be rejected; an
 * operator who holds it has not changed that.
 */
function mayClaim(call: Call, gateway: Gateway, nowMs: number): boolean {
  return (
    gateway.username === call.gateway &&
    gateway.registrationId === call.registrationId &&
    (gateway.state === 'free' || gateway.state === 'held' || hasLapsed(gateway, nowMs))
  );
}

/** The end of a single-use gateway. */
export function stopped(gateway: Gateway): GatewayDecision {
  return {
    write: 'delete',
    tombstone: gateway.registrationId,
    ...(gateway.taskId !== undefined && { stopTaskId: gateway.taskId }),
  };
}

/**
 * The call's end finds the gateway gone (it un-REGISTERed first) or under another registration. A late refresh of
 * the one that was called is refused in both cases; the task is stopped only where nothing new runs in it.
 */
function stoppedWithout({ call, gateway: told }: Transition, gateway: Gateway | undefined): GatewayDecision {
  const isLast = (gateway?.username ?? told ?? call.gateway) === call.gateway;
  if (!isLast || call.registrationId === undefined || gateway?.registrationId === call.registrationId) {
    return nothing;
  }
  return {
    write: 'none',
    tombstone: call.registrationId,
    ...(gateway === undefined && call.taskId !== undefined && { stopTaskId: call.taskId }),
  };
}
