import type { AttemptFailure } from '../../../contracts/commands.ts';
import { type Outcome, sipAnswer } from '../../../contracts/outcomes.ts';

/** What follows when a gateway did not take the call. */
export type NextStep =
  | { readonly step: 'try-next'; readonly attempt: number }
  | { readonly step: 'give-up'; readonly outcome: Outcome };

/**
 * @param failed the gateways that failed this call, in order, at least one
 * @param maxAttempts gateways tried for one call
 */
export function afterFailure(failed: readonly AttemptFailure[], maxAttempts: number): NextStep {
  if (isFinal(failed.at(-1)?.status)) return { step: 'give-up', outcome: 'rejected' };
  if (failed.length < maxAttempts) return { step: 'try-next', attempt: failed.length + 1 };
  return { step: 'give-up', outcome: outcomeOf(failed) };
}

/**
 * The outcome where no other gateway could be had. Gateways that were tried and failed say more than a pool
 * that has no further one to offer.
 * @param failed the gateways that failed this call so far
 * @param refusal what the control plane said
 */
export function afterRefusal(failed: readonly AttemptFailure[], refusal: Outcome): Outcome {
  // The table has an answered call of this Call-ID: a second INVITE with it must not get a 200.
  if (sipAnswer(refusal).status < 300) return 'loop-detected';
  return refusal === 'pool-exhausted' && failed.length > 0 ? outcomeOf(failed) : refusal;
}

/**
 * What a gateway says of the call and not of itself, so that another would say the same: the caller hears it, and can
 * do better (RFC 3261 21.4, 21.6; RFC 4028 for 422).
 */
const finalStatuses: ReadonlySet<number> = new Set([
  413, 414, 415, 416, 420, 421, 422, 484, 488, 493, 494, 580,
]);

const isFinal = (status = 0): boolean => finalStatuses.has(status) || status >= 600;

const busyStatuses: ReadonlySet<number | undefined> = new Set([486]);
const unansweredStatuses: ReadonlySet<number | undefined> = new Set([408, 480]);

function outcomeOf(failed: readonly AttemptFailure[]): Outcome {
  if (failed.every(({ status }) => busyStatuses.has(status))) return 'busy-everywhere';
  if (failed.every(({ status }) => unansweredStatuses.has(status))) return 'no-answer';
  return 'gateway-failed';
}
