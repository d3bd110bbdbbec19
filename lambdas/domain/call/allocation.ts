import type { AllocateAnswer, AllocateGateway, AttemptFailure } from '../../../contracts/commands.ts';
import type { Outcome } from '../../../contracts/outcomes.ts';
import type { Candidate, Gateway } from '../gateway/gateway.ts';
import { isLive, type Random } from '../time.ts';
import type { Attempt, Call } from './call.ts';
import { isGuessedOver, withoutEnd } from './call-record.ts';

/**
 * Puts candidates in a random order: callers who come at the same moment see the same page of the index, and each
 * should try another gateway first.
 */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}

/**
 * The order in which a call tries candidates: first those that registered at its own edge, which reaches them over the flow
 * they opened and without another edge; of each kind in random order.
 */
export function inOrderOfTrial(
  candidates: readonly Candidate[],
  edgeId: string,
  random: Random,
): Candidate[] {
  const order = shuffled(candidates, random);
  const isOwn = (one: Candidate) => one.edgeId === edgeId;
  return [...order.filter(isOwn), ...order.filter((one) => !isOwn(one))];
}

/** The gateways that this call must not get: those that failed it, and the one it would leave now. */
export function excludedGateways(command: AllocateGateway, call: Call | undefined): Set<string> {
  const excluded = new Set(command.failed.map((one) => one.username));
  if (call?.gateway !== undefined) excluded.add(call.gateway);
  return excluded;
}

/**
 * What an existing call record answers to an allocation, where it does: the same attempt asked again (its answer was
 * lost), an attempt that is over, or a call that is.
 * @param call the record that is in the way
 * @returns the answer; undefined where the attempt is a new one and may go on
 */
export function answerFromCall(
  call: Call,
  command: AllocateGateway,
  nowMs: number,
): AllocateAnswer | undefined {
  // It waited, its edge was thought lost, and asks: the call goes on waiting.
  const didWait = call.grant === undefined;
  if (isGuessedOver(call) && didWait && command.attempt >= call.attempt) return undefined;
  if (call.state === 'ended') return { result: 'refused', outcome: call.outcome ?? 'gateway-failed' };
  // It goes on waiting, or gets what has become free.
  if (call.state === 'waiting' && command.attempt >= call.attempt) return undefined;
  if (command.attempt > call.attempt) {
    return call.state === 'answered' ? { result: 'refused', outcome: 'answered' } : undefined;
  }
  if (command.attempt < call.attempt || call.grant === undefined) {
    return { result: 'refused', outcome: 'gateway-failed' };
  }
  // The gateway may be another call's by now: what a lapsed lock promised is not promised again.
  if (call.grant.lockedUntil < nowMs) {
    return { result: 'refused', outcome: call.state === 'answered' ? 'answered' : 'no-answer' };
  }
  return granted(call);
}

/** @param call one with a grant */
export function granted(call: Call): AllocateAnswer {
  const { grant, gateway, attempt } = call;
  if (grant === undefined || gateway === undefined) throw new Error(`call ${call.callId} holds no grant`);
  const { contact, received, gatewayEdgeId, lockedUntil } = grant;
  return { result: 'granted', username: gateway, contact, received, gatewayEdgeId, attempt, lockedUntil };
}

/**
 * The call's record with what a command says of it: the attempt that it asks for, and the failures before.
 * @param seen the record so far: none at the first attempt
 * @returns it in the state that it was in; `offeredCall` or `waitingCall` is the next step
 */
export function askingCall(seen: Call | undefined, command: AllocateGateway, nowMs: number): Call {
  const { callId, edgeId, room, caller, attempt, failed, callerDialogId, traceId } = command;
  return {
    version: 0,
    state: 'waiting',
    ...(seen && withoutEnd(seen)),
    callId,
    edgeId,
    room,
    caller,
    attempt,
    attempts: withFailures(seen?.attempts ?? [], failed, nowMs),
    ...(callerDialogId !== undefined && { callerDialogId }),
    ...(traceId !== undefined && { traceId }),
  };
}

/**
 * The call as it stands once the candidate is locked for it. One that waits has this grant as the answer to its next
 * command.
 * @param leaseMs how long the lock holds without an answer
 */
export function offeredCall(asking: Call, candidate: Candidate, nowMs: number, leaseMs: number): Call {
  const { attempt, attempts } = asking;
  const call: Call = {
    ...asking,
    version: asking.version + 1,
    state: 'offered',
    attempts: [...attempts, { attempt, gateway: candidate.username, offeredAt: nowMs }],
    grant: {
      contact: candidate.contact,
      received: candidate.received,
      gatewayEdgeId: candidate.edgeId,
      lockedUntil: nowMs + leaseMs,
    },
    gateway: candidate.username,
    registrationId: candidate.registrationId,
    offeredAt: asking.offeredAt ?? nowMs,
  };
  delete call.askedAt;
  if (candidate.taskId === undefined) delete call.taskId;
  else call.taskId = candidate.taskId;
  return call;
}

/**
 * Notes on a call's attempts how they failed. What is known already stays: the first to say so said when.
 * @param failed in order of the attempts
 */
export function withFailures(
  attempts: readonly Attempt[],
  failed: readonly AttemptFailure[],
  atMs: number,
): Attempt[] {
  const noted = [...attempts];
  for (const [i, { username, cause, status }] of failed.entries()) {
    const at = noted.findIndex((one) => one.gateway === username);
    const known = noted[at];
    const failure = { failedAt: atMs, cause, ...(status !== undefined && { status }) };
    if (known === undefined) noted.push({ attempt: i + 1, gateway: username, ...failure });
    else if (known.failedAt === undefined) noted[at] = { ...known, ...failure };
  }
  return noted;
}

/** How the gateway that the call leaves now did fail it; a gateway that is not named rejected it. */
export function failureOf(username: string, failed: readonly AttemptFailure[]): AttemptFailure['cause'] {
  return failed.findLast((one) => one.username === username)?.cause ?? 'rejected';
}

/**
 * Why a gateway that the caller asked for by name cannot be given.
 * @param gateway its item, if there is one
 * @returns the outcome to refuse with; undefined where it can be given
 */
export function refusalOfNamed(
  gateway: Gateway | undefined,
  failed: readonly AttemptFailure[],
  nowMs: number,
): Outcome | undefined {
  if (gateway === undefined || !isLive(gateway, nowMs)) return 'not-registered';
  const failure = failed.findLast((one) => one.username === gateway.username);
  if (failure !== undefined) return failure.cause === 'silent' ? 'no-answer' : 'gateway-failed';
  if (gateway.state === 'free') return undefined;
  if (gateway.state === 'silent') return 'no-answer';
  return gateway.state === 'draining' ? 'not-registered' : 'busy-everywhere';
}

/** Calls end all the time; a pool without gateways needs somebody, or a start, to fill it. */
const retryAfterSec = { 'none-free': 5, 'none-registered': 30 };

/** The refusal of a call for which there is no gateway. */
export function exhausted(cause: keyof typeof retryAfterSec): AllocateAnswer {
  return { result: 'refused', outcome: 'pool-exhausted', cause, retryAfterSec: retryAfterSec[cause] };
}
