import type { Outcome } from '../../contracts/outcomes.ts';
import { refusalOf } from '../drachtio/refuse.ts';
import type { Headers } from '../drachtio/srf.ts';
import type { Log } from '../ports.ts';
import type { BridgeEnd } from './bridge.ts';
import type { Call, CallParts, SetupFailure } from './call.ts';
import type { CallerLeg } from './leg/caller-leg.ts';
import { passed } from './leg/headers.ts';

/*
 * The end of a call, told in one place: the SIP answer to the caller, one fact, one log line, all with the same
 * word for the outcome.
 */

type Refused = Extract<SetupFailure, { result: 'refused' }>;
type Parts = Pick<CallParts, 'facts' | 'log' | 'clock'>;

/** Tells the caller why there is no call. */
export function refuseCaller(caller: CallerLeg, failure: Refused): void {
  const { outcome, retryAfterSec, said } = failure;
  const details = {
    callId: caller.callId,
    detail: causeOf(failure),
    retryAfterSec,
    saidStatus: said?.status,
  };
  const { status, phrase, headers } = refusalOf(outcome, details);
  if (said === undefined) caller.refuse(status, phrase, { headers });
  else caller.refuse(said.status, said.reason, withReason(passed(said), headers));
}

/** The gateway's own Reason counts more than ours. */
function withReason(options: ReturnType<typeof passed>, { Reason = '' }: Headers): ReturnType<typeof passed> {
  return options.headers.reason ? options : { ...options, headers: { ...options.headers, Reason } };
}

/** What the control plane says of a refusal. Without a cause the detail is of our own making, and not for callers. */
function causeOf({ cause, detail }: Refused): string | undefined {
  return cause && detail ? `${cause}, ${detail}` : cause;
}

/** Tells the caller to come again. No fact, and no line that anybody sees: of an overload neither may become more of it. */
export function shed(caller: CallerLeg, { callId, traceId }: Call, log: Log): void {
  const { status, phrase, headers } = refusalOf('overloaded', { callId });
  caller.refuse(status, phrase, { headers });
  log.debug({ callId, traceId, outcome: 'overloaded', status }, 'call shed');
}

/** Says that a call came to nothing. */
export function reportFailure(parts: Parts, call: Call, failure: SetupFailure): void {
  const { callId, traceId, gateway, messages } = call;
  if (failure.result === 'cancelled') {
    const { gatewayAnswered } = failure;
    const cancelled = { callId, traceId, ...(gateway && { gateway }), gatewayAnswered, ...messages?.take() };
    parts.facts.publish({ type: 'call.cancelled', ...cancelled });
    logEnd(parts, call, 'cancelled', { gatewayAnswered });
    return;
  }
  const { outcome, cause } = failure;
  const detail = (causeOf(failure) ?? failure.detail)?.slice(0, 500);
  parts.facts.publish({
    type: 'call.failed',
    callId,
    traceId,
    outcome,
    failed: call.failed,
    ...(call.room && { room: call.room }),
    ...(call.caller && { caller: call.caller }),
    ...(gateway && { gateway }),
    ...(detail && { detail }),
    ...messages?.take(),
  });
  logEnd(parts, call, outcome, { cause, detail, failed: call.failed });
}

/** Says that an answered call is over. */
export function reportEnd(parts: Parts, call: Call & { gateway: string }, end: BridgeEnd): void {
  const { callId, traceId, gateway, answeredAt, messages } = call;
  const { by, outcome, reason } = end;
  parts.facts.publish({
    type: 'call.ended',
    callId,
    traceId,
    gateway,
    by,
    outcome,
    ...(answeredAt !== undefined && { answeredAt }),
    ...messages?.take(),
  });
  const callMs = answeredAt === undefined ? undefined : parts.clock.now() - answeredAt;
  logEnd(parts, call, outcome, { by, reason, callMs });
}

function logEnd(parts: Parts, call: Call, outcome: Outcome, more: Record<string, unknown>): void {
  const { callId, traceId, room, gateway, failed, receivedAt, answeredAt } = call;
  const fields = {
    callId,
    traceId,
    outcome,
    room,
    gateway,
    attempts: failed.length + (answeredAt === undefined ? 0 : 1),
    setupMs: (answeredAt ?? parts.clock.now()) - receivedAt,
    caller: call.caller?.uri,
    from: call.caller?.received.address,
    ...more,
  };
  if (outcome === 'answered' || outcome === 'cancelled') parts.log.info(fields, 'call over');
  else parts.log.warn(fields, 'call failed');
}
