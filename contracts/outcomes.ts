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
  'not-authorised',
  'bad-request',
  'no-room',
  'too-many-hops',
  'loop-detected',
  'control-plane-unavailable',
  'gateway-lost',
  'edge-lost',
] as const;

export const outcomeSchema = z.enum(outcomes);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Why no gateway could be given: "all busy" without a cause is the oldest complaint of this field. */
const exhaustionCauses = ['none-registered', 'all-locked', 'starting', 'starts-failing'] as const;
export const exhaustionCauseSchema = z.enum(exhaustionCauses);
export type ExhaustionCause = z.infer<typeof exhaustionCauseSchema>;

export interface SipAnswer {
  /** Status of the final answer to the INVITE. */
  status: number;
  /** Reason phrase of the status line. */
  phrase: string;
  /** Whether the answer carries Retry-After (RFC 3261 20.33). */
  retry: boolean;
}

/**
 * The SIP answer of each outcome that ends a call before it was answered.
 * `gateway-lost` and `edge-lost` end calls in progress by BYE; the statuses stand for the rare INVITE that is
 * still open then. A full pool is never 404 and a configuration error never 486 (docs/decisions.md).
 */
const sipAnswers: Record<Outcome, SipAnswer> = {
  answered: { status: 200, phrase: 'OK', retry: false },
  cancelled: { status: 487, phrase: 'Request Terminated', retry: false },
  'busy-everywhere': { status: 486, phrase: 'Busy Here', retry: false },
  'no-answer': { status: 480, phrase: 'Temporarily Unavailable', retry: false },
  'not-registered': { status: 480, phrase: 'Temporarily Unavailable', retry: false },
  'pool-exhausted': { status: 503, phrase: 'Service Unavailable', retry: true },
  'start-timeout': { status: 503, phrase: 'Service Unavailable', retry: true },
  'gateway-failed': { status: 500, phrase: 'Server Internal Error', retry: false },
  'not-authorised': { status: 403, phrase: 'Forbidden', retry: false },
  'bad-request': { status: 400, phrase: 'Bad Request', retry: false },
  'no-room': { status: 484, phrase: 'Address Incomplete', retry: false },
  'too-many-hops': { status: 483, phrase: 'Too Many Hops', retry: false },
  'loop-detected': { status: 482, phrase: 'Loop Detected', retry: false },
  'control-plane-unavailable': { status: 503, phrase: 'Service Unavailable', retry: true },
  'gateway-lost': { status: 500, phrase: 'Server Internal Error', retry: false },
  'edge-lost': { status: 503, phrase: 'Service Unavailable', retry: true },
};

/** @returns the SIP answer that tells a caller of this outcome. */
export function sipAnswer(outcome: Outcome): SipAnswer {
  return sipAnswers[outcome];
}
