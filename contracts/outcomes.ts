import * as z from 'zod';

/**
 * How a call ended. One word serves the SIP answer, the metric dimension, the log line and the call record,
 * so that an operator who reads one finds the others.
 */
export const outcomes = [
  'answered',
  'cancelled',
  'busy-everywhere',
  'no-answer',
  'not-registered',
  'pool-exhausted',
  'start-timeout',
  'gateway-failed',
  'rejected',
  'bad-request',
  'no-room',
  'unreadable-room',
  'loop-detected',
  'control-plane-unavailable',
  'gateway-lost',
  'edge-lost',
] as const;

export const outcomeSchema = z.enum(outcomes);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Whether a call with this outcome came to nothing, or broke off. Who gives up has not failed. */
export const isFailure = (outcome: Outcome): boolean => outcome !== 'answered' && outcome !== 'cancelled';

/** Why no gateway could be given: "all busy" without a cause is the oldest complaint of this field. */
const exhaustionCauses = ['none-registered', 'none-free', 'starting', 'starts-failing'] as const;
export const exhaustionCauseSchema = z.enum(exhaustionCauses);
export type ExhaustionCause = z.infer<typeof exhaustionCauseSchema>;

/** What each cause means, for people. */
export const causeMeanings: Readonly<Record<ExhaustionCause, string>> = {
  'none-registered': 'No gateway is registered, and none is being started',
  'none-free': 'Gateways are registered, and each is locked for a call or in one',
  starting: 'Gateways are being started, and none was ready in time',
  'starts-failing': 'Starts have failed again and again: none is made but to try',
};

export interface SipAnswer {
  /** Status of the final answer to the INVITE. */
  status: number;
  /** Reason phrase of the status line. */
  phrase: string;
  /** Whether the answer carries Retry-After (RFC 3261 20.33). */
  retry: boolean;
  /** For people: what happened. */
  meaning: string;
}

const answer = (status: number, phrase: string, meaning: string, retry = false): SipAnswer => ({
  status,
  phrase,
  retry,
  meaning,
});
const unavailable = (meaning: string) => answer(503, 'Service Unavailable', meaning, true);
const temporarilyUnavailable = (meaning: string) => answer(480, 'Temporarily Unavailable', meaning);

/**
 * The SIP answer of each outcome that ends a call before it was answered.
 * `gateway-lost` and `edge-lost` end calls in progress by BYE; the statuses stand for the rare INVITE that is
 * still open then. A full pool is never 404 and a configuration error never 486 (docs/decisions).
 */
const sipAnswers: Record<Outcome, SipAnswer> = {
  answered: answer(200, 'OK', 'A gateway answered, and one side hung up'),
  cancelled: answer(487, 'Request Terminated', 'The caller gave up before the answer'),
  'busy-everywhere': answer(486, 'Busy Here', 'Every gateway that was tried said that it is busy'),
  'no-answer': temporarilyUnavailable('A gateway rang for too long, or answered 480 or 408'),
  'not-registered': temporarilyUnavailable('The gateway that was asked for by its name is not registered'),
  'pool-exhausted': unavailable('No gateway is free, and none will be for this call; the cause says why'),
  'start-timeout': unavailable('No gateway was ready in the time that a call waits; the cause says why'),
  'gateway-failed': answer(
    500,
    'Server Internal Error',
    'The gateways that were tried rejected the call, or were silent',
  ),
  rejected: answer(
    488,
    'Not Acceptable Here',
    'A gateway refused the call for what it asks (415, 420, 488, 6xx …): its own answer is passed on',
  ),
  'bad-request': answer(
    400,
    'Bad Request',
    'The INVITE cannot be read; the detail in the log says what of it',
  ),
  'no-room': answer(484, 'Address Incomplete', 'The request URI names no room'),
  'unreadable-room': answer(
    484,
    'Address Incomplete',
    'The room has other characters than letters of ASCII, digits, - _ and /, or no room follows the number of a platform',
  ),
  'loop-detected': answer(482, 'Loop Detected', 'The same call came round again'),
  'control-plane-unavailable': unavailable('Functions or table do not answer'),
  'gateway-lost': answer(
    500,
    'Server Internal Error',
    'The gateway is gone in mid-call, or its task has stopped',
  ),
  'edge-lost': unavailable('The edge is gone, or had to end the call'),
};

/** @returns the SIP answer that tells a caller of this outcome. */
export function sipAnswer(outcome: Outcome): SipAnswer {
  return sipAnswers[outcome];
}
