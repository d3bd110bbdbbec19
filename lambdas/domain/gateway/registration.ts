import type {
  Contact,
  RegisterAnswer,
  RegisterGateway,
  UnregisterGateway,
} from '../../../contracts/commands.ts';
import type { CallIdentity } from '../../../contracts/common.ts';
import { identityOf, ownerOf } from '../call/call.ts';
import { isLive } from '../time.ts';
import { liveContacts, maxBindings, mergeBindings, registrationOf } from './bindings.ts';
import type { Binding, Gateway } from './gateway.ts';
import { mayBeInCall } from './gateway-state.ts';

/** What to do with a gateway's item, and what to answer once that is done. */
export type RegistrationDecision =
  | { write: 'none'; answer: RegisterAnswer }
  | { write: 'put'; gateway: Gateway; checkTombstone: boolean; answer: RegisterAnswer }
  | { write: 'delete'; answer: RegisterAnswer };

/** What the decision needs besides the item and the command. */
export interface RegistrationContext {
  nowMs: number;
  taskId?: string;
}

/**
 * Decides a REGISTER that is not a plain refresh.
 * @param seen the gateway's item, if there is one, whether or not it ran out
 */
export function decideRegistration(
  seen: Gateway | undefined,
  command: RegisterGateway,
  context: RegistrationContext,
): RegistrationDecision {
  const { nowMs } = context;
  const sameRegistration = seen?.registrationId === command.registrationId;
  const live = seen !== undefined && isLive(seen, nowMs);
  if (live && sameRegistration) {
    if (command.cseq < seen.cseq) return refuse('out-of-order');
    if (command.cseq === seen.cseq) return repeat(seen, command.contacts, nowMs);
  }
  if (sameRegistration && seen.state === 'draining') return refuse('call-over');
  // A client that changes its Call-ID with each REGISTER keeps its contact; a gateway that started anew has another.
  const sameProcess =
    seen !== undefined &&
    (sameRegistration || (seen.state !== 'draining' && sharesContact(seen, command.contacts)));
  const bindings = mergeBindings(sameProcess ? seen.contacts : [], command.contacts, nowMs);
  if (bindings.length > maxBindings) return refuse('too-many-contacts');
  if (bindings.length === 0)
    return seen === undefined ? nothingHeld : { write: 'delete', answer: noBindings };

  const { username, registrationId, cseq, received, edgeId } = command;
  const registration = { registrationId, cseq, received, edgeId, ...registrationOf(bindings) };
  // A lock outlives a registration that ran out: the call goes on, and its gateway has come back. One that is over is
  // for others to end, who look at its call.
  const goesOn = sameProcess || isBack(seen, command);
  const keepsLock = seen !== undefined && goesOn && mayBeInCall(seen);
  const fresh = !(live && sameProcess);
  const base: Omit<Gateway, 'state'> = {
    ...registration,
    username,
    registeredAt: fresh ? nowMs : seen.registeredAt,
    ...(fresh && { freshCseq: cseq }),
    ...supersededBy(seen, registrationId),
    ...(context.taskId !== undefined && { taskId: context.taskId }),
  };
  const lostCall = seen !== undefined && !goesOn && mayBeInCall(seen) ? seen.lockedBy : undefined;
  const stillFree = live && sameProcess && seen.state === 'free';
  const available: Gateway = {
    ...base,
    state: 'free',
    freeSince: stillFree && seen.freeSince !== undefined ? seen.freeSince : nowMs,
    ...(lostCall !== undefined && { lostCall }),
  };
  // An operator holds a name: a process that starts anew under it is held as the one before.
  const staysHeld = live && seen.state === 'held';
  const gateway: Gateway = keepsLock
    ? { ...base, ...lockOf(seen) }
    : staysHeld
      ? { ...base, state: 'held', heldSince: seen.heldSince ?? nowMs }
      : available;
  return {
    write: 'put',
    gateway,
    checkTombstone: !(live && sameRegistration),
    answer: bindingsAnswer(bindings, nowMs, fresh, lostCall),
  };
}

/**
 * A process has one Call-ID for its REGISTERs, and a new process a new one. So who comes back with the one before did not start
 * anew: a late packet of another process came between the two, or the process registers at two edges.
 */
function isBack(seen: Gateway | undefined, { registrationId }: RegisterGateway): boolean {
  return seen?.supersededId === registrationId && seen.state !== 'draining';
}

function supersededBy(seen: Gateway | undefined, registrationId: string): Pick<Gateway, 'supersededId'> {
  const supersededId = seen?.registrationId === registrationId ? seen.supersededId : seen?.registrationId;
  return supersededId === undefined ? {} : { supersededId };
}

/**
 * Decides an un-REGISTER (RFC 3261 10.3 step 6). Another Call-ID may remove contacts too, but not once its call is
 * over: the late goodbye of a stopped gateway must not remove the one that took its name.
 * @param callOver whether there is a tombstone for the command's registration
 */
export function decideUnregistration(
  seen: Gateway | undefined,
  command: UnregisterGateway,
  callOver: boolean,
  nowMs: number,
): RegistrationDecision {
  if (seen === undefined) return nothingHeld;
  const sameRegistration = seen.registrationId === command.registrationId;
  if (!isLive(seen, nowMs)) return sameRegistration ? { write: 'delete', answer: noBindings } : nothingHeld;
  const held = mergeBindings(seen.contacts, [], nowMs);
  const asItIs: RegistrationDecision = { write: 'none', answer: bindingsAnswer(held, nowMs, false) };
  if (!sameRegistration && callOver) return asItIs;
  if (sameRegistration && command.cseq < seen.cseq) return refuse('out-of-order');

  const left = command.contacts === '*' ? [] : held.filter((one) => !command.contacts.includes(one.uri));
  if (left.length === held.length && (!sameRegistration || command.cseq === seen.cseq)) return asItIs;
  if (sameRegistration && command.cseq === seen.cseq) return refuse('out-of-order');
  if (left.length === 0) return { write: 'delete', answer: noBindings };
  return {
    write: 'put',
    gateway: { ...seen, ...registrationOf(left), ...(sameRegistration && { cseq: command.cseq }) },
    checkTombstone: false,
    answer: bindingsAnswer(left, nowMs, false),
  };
}

export const noBindings: RegisterAnswer = { result: 'bindings', contacts: [], fresh: false };
const nothingHeld: RegistrationDecision = { write: 'none', answer: noBindings };

export function bindingsAnswer(
  bindings: readonly Binding[],
  nowMs: number,
  fresh: boolean,
  lostCall?: string,
): RegisterAnswer {
  const contacts = liveContacts(bindings, nowMs);
  if (lostCall === undefined) return { result: 'bindings', contacts, fresh };
  const { callId, traceId } = identityOf(lostCall);
  return {
    result: 'bindings',
    contacts,
    fresh,
    lostCallId: callId,
    ...(traceId && { lostTraceId: traceId }),
  };
}

/** The answer to a REGISTER whose gateway is locked for a call that waited. */
export function matchedAnswer(answer: RegisterAnswer, matched: CallIdentity | undefined): RegisterAnswer {
  if (answer.result !== 'bindings' || matched === undefined) return answer;
  const { callId, traceId } = matched;
  return { ...answer, matchedCallId: callId, ...(traceId && { matchedTraceId: traceId }) };
}

/** Whether the registration makes a gateway available that was not so before. */
export function becomesFree({ state, freeSince }: Gateway, nowMs: number): boolean {
  return state === 'free' && freeSince === nowMs;
}

/** The gateway locked for a call from the start. */
export function lockedFor(gateway: Gateway, call: CallIdentity, lockedUntil: number): Gateway {
  const { freeSince: _free, ...rest } = gateway;
  const owner = ownerOf(call);
  return { ...rest, state: 'locked', lockedBy: owner, matchedCall: owner, lockedUntil };
}

function refuse(reason: Extract<RegisterAnswer, { result: 'refused' }>['reason']): RegistrationDecision {
  return { write: 'none', answer: { result: 'refused', reason } };
}

/** The same CSeq again is a retransmission if it asks for what is held, else a client that counts wrongly. */
function repeat(seen: Gateway, contacts: readonly Contact[], nowMs: number): RegistrationDecision {
  const asks = contacts.every(({ uri, expiresSec }) => seen.contactUris.has(uri) === expiresSec > 0);
  if (!asks) return refuse('out-of-order');
  const made = seen.freshCseq === seen.cseq;
  const answer = bindingsAnswer(seen.contacts, nowMs, made, made ? seen.lostCall : undefined);
  const { matchedCall, lockedBy } = seen;
  const isMatched = made && matchedCall !== undefined && matchedCall === lockedBy;
  return { write: 'none', answer: isMatched ? matchedAnswer(answer, identityOf(matchedCall)) : answer };
}

function sharesContact(seen: Gateway, contacts: readonly Contact[]): boolean {
  return contacts.some(({ uri }) => seen.contactUris.has(uri));
}

/** Whatever says who owns the gateway, as it was. */
function lockOf(seen: Gateway): Pick<Gateway, 'state' | 'lockedBy' | 'lockedUntil'> {
  const { state, lockedBy, lockedUntil } = seen;
  return {
    state,
    ...(lockedBy !== undefined && { lockedBy }),
    ...(lockedUntil !== undefined && { lockedUntil }),
  };
}
