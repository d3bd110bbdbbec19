import type { Peer } from '../../contracts/common.ts';
import type { CallStep, CallView, GatewayView } from '../../contracts/inspect.ts';
import { type Call, identityOf } from './call/call.ts';
import type { Gateway } from './gateway/gateway.ts';
import { hasLapsed } from './gateway/gateway-state.ts';

/** @returns the gateway as it counts at this time, for people. */
export function gatewayView(gateway: Gateway, nowMs: number): GatewayView {
  const lapsed = hasLapsed(gateway, nowMs);
  return {
    username: gateway.username,
    state: lapsed ? 'free' : gateway.state,
    contact: gateway.contact,
    received: peerText(gateway.received),
    edgeId: gateway.edgeId,
    ...(!lapsed && gateway.lockedBy !== undefined && { lockedBy: identityOf(gateway.lockedBy).callId }),
    ...(!lapsed && gateway.lockedUntil !== undefined && { lockedUntil: gateway.lockedUntil }),
    registeredAt: gateway.registeredAt,
    expiresAt: gateway.expiresAt,
    ...(gateway.taskId !== undefined && { taskId: gateway.taskId }),
  };
}

/**
 * @param place among those that wait, 1 for the next
 * @returns the call with its timeline, for people.
 */
export function callView(call: Call, place?: number): CallView {
  return {
    callId: call.callId,
    state: call.state,
    room: call.room ?? '',
    callerUri: call.caller?.uri ?? '',
    ...(call.gateway !== undefined && { gateway: call.gateway }),
    edgeId: call.edgeId,
    ...(call.traceId !== undefined && { traceId: call.traceId }),
    ...(place !== undefined && { place }),
    ...(call.outcome !== undefined && { outcome: call.outcome }),
    offeredAt: call.offeredAt ?? call.waitingSince ?? call.receivedAt ?? call.endedAt ?? 0,
    ...(call.answeredAt !== undefined && { answeredAt: call.answeredAt }),
    ...(call.endedAt !== undefined && { endedAt: call.endedAt }),
    steps: timeline(call),
  };
}

/** The steps of a call, oldest first; steps of the same moment in the order they can only have happened in. */
function timeline(call: Call): CallStep[] {
  const steps: CallStep[] = [];
  const note = (at: number | undefined, step: string, gateway?: string, detail?: string) => {
    if (at === undefined) return;
    steps.push({
      at,
      step,
      ...(gateway !== undefined && { gateway }),
      ...(detail !== undefined && { detail }),
    });
  };
  note(call.receivedAt, 'received');
  note(call.waitingSince, 'waiting');
  for (const one of [...call.attempts].sort((a, b) => a.attempt - b.attempt)) {
    note(one.offeredAt, 'offered', one.gateway, `attempt ${one.attempt}`);
    note(one.failedAt, one.cause ?? 'rejected', one.gateway, one.status?.toString());
    note(one.lostAt, 'lost', one.gateway, one.lostCause);
  }
  note(call.ringingAt, 'ringing', call.gateway);
  note(call.answeredAt, 'answered', call.gateway);
  note(call.endedAt, endStep(call), undefined, endDetail(call));
  return steps.sort((a, b) => a.at - b.at);
}

function endStep(call: Call): string {
  if (call.outcome === 'cancelled') return 'cancelled';
  return call.answeredAt === undefined ? 'failed' : 'ended';
}

function endDetail(call: Call): string | undefined {
  const said = [call.outcome, call.endedBy && `by ${call.endedBy}`, call.detail].filter(Boolean);
  return said.length > 0 ? said.join(', ') : undefined;
}

function peerText(peer: Peer): string {
  const address = peer.address.includes(':') ? `[${peer.address}]` : peer.address;
  return `${address}:${peer.port};${peer.protocol}`;
}
