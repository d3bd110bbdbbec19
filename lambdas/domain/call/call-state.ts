import type { FactOf } from '../../../contracts/facts.ts';
import type { Outcome } from '../../../contracts/outcomes.ts';
import { withFailures } from './allocation.ts';
import type { Attempt, Call } from './call.ts';
import { isGuessedOver, withDue, withoutDue, withoutEnd } from './call-record.ts';
import { withMessages } from './messages.ts';

/*
 *                        call.answered            call.ended, gateway.lost
 *  waiting ──> offered ───────────────> answered ──────────────────────────> ended
 *     └───────────┴──────────────────────────────────────────────────────────> ended
 *            call.failed, call.cancelled
 *
 * A gateway that is lost before the answer does not end the call: the edge tries the next one.
 *
 * Facts come twice and in any order, so none of them moves a call back, and what two of them say of the same thing
 * is settled by the time it happened, never by which came first.
 */

export type CallFact = FactOf<
  'call.answered' | 'call.ended' | 'call.failed' | 'call.cancelled' | 'gateway.lost'
>;

/**
 * What a step of a call means for the gateway that the call owns. `confirm`: its lock becomes the call's for good;
 * `after-call`: single use or reuse, as set; `free` and `silence`: it did not get the call; `lost`: it is gone;
 * `drain`: its edge is gone, so nobody can end the call on it but itself; `resume`: the edge was not gone.
 */
export type GatewayEffect =
  | 'confirm'
  | 'after-call'
  | 'free'
  | 'silence'
  | 'lost'
  | 'drain'
  | 'resume'
  | 'none';

export interface Transition {
  call: Call;
  effect: GatewayEffect;
  /** The only gateway that the effect may have; else the one that the call owns, whichever that is. */
  gateway?: string;
  /** Its edge does not know yet, and must end the caller's leg. */
  hangup?: boolean;
}

/**
 * @param seen the call's record: none where the fact overtook the allocation, or the call never got to one
 * @returns the record as the fact leaves it, and what it means for the gateway
 */
export function applyFact(seen: Call | undefined, fact: CallFact): Transition {
  // Whoever takes a fact tells the call's record, if it is over.
  const before = seen === undefined ? emptyCall(fact) : withoutDue(seen);
  const told = fact.type === 'gateway.lost' ? before : withMessages(before, fact);
  const { call, ...meaning } = transition(ofItsEdge(told, fact), fact);
  const settled = endedByLoss(call);
  // An answer changes nothing about a call that is over.
  const tooLate = fact.type === 'call.answered' && settled.state === 'ended';
  return { ...meaning, call: settled, ...(tooLate && { effect: 'none' as const }) };
}

function transition(call: Call, fact: CallFact): Transition {
  switch (fact.type) {
    case 'call.answered':
      return { call: answered(call, fact), effect: 'confirm' };
    case 'call.ended': {
      const over = ended(known(call, { gateway: fact.gateway }), fact.at, fact.outcome, { by: fact.by });
      const at = earliest(over.answeredAt, fact.answeredAt);
      const effect = fact.outcome === 'gateway-lost' ? 'lost' : 'after-call';
      return { call: at === undefined ? over : { ...over, answeredAt: at }, effect };
    }
    case 'call.failed':
      return failed(call, fact);
    case 'call.cancelled': {
      const over = ended(known(call, fact), fact.at, 'cancelled', { by: 'caller' });
      return { call: over, effect: fact.gatewayAnswered ? 'after-call' : 'free' };
    }
    case 'gateway.lost': {
      const attempts = withLoss(call.attempts, fact);
      const noted = known({ ...call, attempts }, { gateway: fact.username });
      // Another edge met the gateway anew: the call's own edge does not know.
      const hangup = fact.edgeId !== call.edgeId && mayGoOn(call);
      return { call: noted, effect: 'lost', gateway: fact.username, hangup };
    }
  }
}

/**
 * A gateway of which the control plane knows, and the edge does not, that it is gone: its task has stopped.
 * @param loss `at` in epoch milliseconds
 */
export function gatewayLost(
  seen: Call,
  loss: Pick<FactOf<'gateway.lost'>, 'username' | 'at' | 'cause'>,
): Transition {
  const noted = { ...seen, attempts: withLoss(seen.attempts, loss) };
  const call = withDue(endedByLoss(noted), seen);
  return { call, effect: 'lost', gateway: loss.username, hangup: mayGoOn(seen) };
}

/**
 * Ends a call that its edge can no longer tell of.
 * @param atMs when it was found so, epoch milliseconds
 */
export function edgeLost(seen: Call, atMs: number, effect: 'drain' | 'free'): Transition {
  return { call: withDue(ended(seen, atMs, 'edge-lost', { by: 'sweep' }), seen), effect };
}

/** Takes back `edgeLost`: the edge asks again. @returns undefined for a call that ended otherwise, or did not end */
export function edgeFound(seen: Call): Transition | undefined {
  if (!isGuessedOver(seen)) return undefined;
  const state = seen.answeredAt === undefined ? 'offered' : 'answered';
  return { call: { ...withoutEnd(seen), state }, effect: 'resume' };
}

/** As far as its edge knows: it was not told of the guess that it is lost. */
const mayGoOn = (call: Call) => call.state !== 'ended' || isGuessedOver(call);

/** A record that a fact begins: it overtook the allocation, or there was none. */
function emptyCall({ callId, traceId, edgeId }: CallFact): Call {
  const identity = { callId, ...(traceId !== undefined && { traceId }) };
  return { ...identity, version: 0, state: 'offered', edgeId, attempt: 0, attempts: [] };
}

/** All but the loss of a gateway is told by the edge that has the call: that one may be told by another. */
function ofItsEdge(call: Call, { type, edgeId }: CallFact): Call {
  return type === 'gateway.lost' ? call : { ...call, edgeId };
}

function answered(call: Call, fact: FactOf<'call.answered'>): Call {
  const answeredAt = earliest(call.answeredAt, fact.at);
  const next: Call = {
    ...known(call, { gateway: fact.gateway }),
    receivedAt: fact.receivedAt,
    offeredAt: call.offeredAt ?? fact.receivedAt,
    ...(fact.ringingAt !== undefined && { ringingAt: fact.ringingAt }),
    ...(answeredAt !== undefined && { answeredAt }),
    callerDialogId: fact.callerDialogId,
    gatewayDialogId: fact.gatewayDialogId,
  };
  if (call.state === 'ended') return next;
  const { askedAt: _asked, ...rest } = next;
  return { ...rest, state: 'answered' };
}

function failed(call: Call, fact: FactOf<'call.failed'>): Transition {
  const attempts = withFailures(call.attempts, fact.failed, fact.at);
  const noted = known({ ...call, attempts }, fact);
  const owned = fact.gateway ?? call.gateway;
  const silent = fact.failed.findLast((one) => one.username === owned)?.cause === 'silent';
  const over = ended(noted, fact.at, fact.outcome, { detail: fact.detail });
  return { call: over, effect: silent ? 'silence' : 'free' };
}

function withLoss(
  attempts: readonly Attempt[],
  fact: Pick<FactOf<'gateway.lost'>, 'username' | 'at' | 'cause'>,
): Attempt[] {
  const { username, at, cause } = fact;
  const known = attempts.findLast((one) => one.gateway === username);
  if (known === undefined) {
    return [...attempts, { attempt: attempts.length + 1, gateway: username, lostAt: at, lostCause: cause }];
  }
  const lost = { ...known, lostAt: at, lostCause: cause };
  return attempts.map((one) => (one === known && (one.lostAt ?? at) >= at ? lost : one));
}

/** A call that was answered ends with its gateway, whichever of the two is told first. */
function endedByLoss(call: Call): Call {
  const loss = call.attempts.find((one) => one.gateway === call.gateway && one.lostAt !== undefined);
  if (call.answeredAt === undefined || loss?.lostAt === undefined) return call;
  return ended(call, loss.lostAt, 'gateway-lost', { detail: loss.lostCause });
}

/** Fills in what a call without an allocation does not know yet. */
function known(call: Call, fact: Partial<Pick<FactOf<'call.failed'>, 'gateway' | 'room' | 'caller'>>): Call {
  return {
    ...call,
    ...(call.gateway === undefined && fact.gateway !== undefined && { gateway: fact.gateway }),
    ...(call.room === undefined && fact.room !== undefined && { room: fact.room }),
    ...(call.caller === undefined && fact.caller !== undefined && { caller: fact.caller }),
  };
}

/** The end that happened first is the end, but what was told beats the guess that the edge was lost. */
function ended(
  call: Call,
  atMs: number,
  outcome: Outcome,
  more: { by?: Call['endedBy']; detail?: string | undefined },
): Call {
  const { askedAt: _asked, ...rest } = call;
  const over: Call = { ...rest, state: 'ended' };
  const { by, detail } = more;
  const end = {
    endedAt: atMs,
    outcome,
    ...(by !== undefined && { endedBy: by }),
    ...(detail !== undefined && { detail }),
  };
  if (call.endedAt === atMs && call.outcome === outcome) return { ...end, ...over };
  const isFirst =
    call.endedAt === undefined ||
    (call.endedBy === 'sweep' && by !== 'sweep') ||
    atMs < call.endedAt ||
    (atMs === call.endedAt && outcome < (call.outcome ?? outcome));
  if (!isFirst) return over;
  const { endedBy: _by, detail: _detail, ...others } = over;
  return { ...others, ...end };
}

function earliest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
