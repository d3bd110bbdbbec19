import type { CallIdentity } from '../../contracts/common.ts';
import { sipAnswer } from '../../contracts/outcomes.ts';
import { reasonHeader } from '../../sip/reason.ts';
import type { Bridge } from './bridge.ts';
import type { Call } from './call.ts';
import type { AnsweredCall } from './journal.ts';
import type { CallerLeg } from './leg/caller-leg.ts';
import type { Leg } from './leg/leg.ts';
import type { CallSetup } from './setup/setup.ts';

/** A call that this application holds. */
export interface ActiveCall {
  readonly call: Call;
  /** Of the caller's leg. */
  readonly dialogId: string;
  /** Until it is answered. */
  readonly caller?: CallerLeg;
  setup?: CallSetup;
  bridge?: Bridge;
}

/** @returns the call, and not another with its Call-ID */
export function findCall(
  calls: Iterable<ActiveCall>,
  { callId, traceId }: CallIdentity,
): ActiveCall | undefined {
  for (const active of calls) {
    const { call } = active;
    if (call.callId === callId && (traceId === undefined || call.traceId === traceId)) return active;
  }
  return undefined;
}

export function traceIdsOf(calls: Iterable<ActiveCall>): Set<string> {
  return new Set([...calls].map(({ call }) => call.traceId));
}

/** @returns what the next application finds the call again by. @param answeredAt epoch ms */
export function answeredCall(
  { gateway: name = '' }: Call,
  caller: Leg,
  gateway: Leg,
  answeredAt: number,
): AnsweredCall {
  return {
    ...{ gateway: name, answeredAt },
    ...{ callerDialogId: caller.id, callerRemains: caller.remains },
    ...{ gatewayDialogId: gateway.id, gatewayRemains: gateway.remains },
  };
}

/** @returns the Reason of a BYE that we send of our own */
export function reasonOf(outcome: 'gateway-lost' | 'edge-lost', callId: string): string {
  return reasonHeader(sipAnswer(outcome).status, outcome, callId);
}
