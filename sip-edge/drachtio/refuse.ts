import { type Outcome, sipAnswer } from '../../contracts/outcomes.ts';
import { type RefusalWord, refusals } from '../../contracts/refusals.ts';
import { reasonHeader } from '../../sip/reason.ts';
import { retryAfterSec } from '../../sip/retry-after.ts';
import type { Headers, SrfRequest, SrfResponse } from './srf.ts';

/** A final answer that refuses, before it is sent. */
export interface FinalAnswer {
  status: number;
  phrase: string;
  headers: Headers;
}

export interface RefusalDetails {
  /** The caller's Call-ID, by which people find the refusal again. */
  callId: string;
  /** What the word alone does not say. */
  detail?: string | undefined;
  /** Instead of a few seconds, spread. */
  retryAfterSec?: number | undefined;
  headers?: Headers | undefined;
  /** Where another refused it, with this status: the Reason names that one (RFC 3326 2). */
  saidStatus?: number | undefined;
}

/**
 * The answer that refuses for one reason: status and phrase of the word, a Reason with word and id (RFC 3326), and
 * Retry-After where another try may help.
 */
export function refusalOf(word: RefusalWord | Outcome, details: RefusalDetails): FinalAnswer {
  const { status, phrase, retry } = isRefusal(word) ? refusals[word] : sipAnswer(word);
  const { callId, detail, headers, saidStatus = status } = details;
  return {
    status,
    phrase,
    headers: {
      Reason: reasonHeader(saidStatus, detail ? `${word}: ${detail}` : word, callId),
      ...(retry && { 'Retry-After': `${details.retryAfterSec ?? retryAfterSec()}` }),
      ...headers,
    },
  };
}

/** Refuses a request. @returns the status, for the log */
export function refuse(req: SrfRequest, res: SrfResponse, word: RefusalWord, headers: Headers = {}): number {
  const callId = req.headers['call-id'] ?? '';
  const answer = refusalOf(word, { callId, headers });
  res.send(answer.status, answer.phrase, { headers: answer.headers });
  return answer.status;
}

const isRefusal = (word: RefusalWord | Outcome): word is RefusalWord => Object.hasOwn(refusals, word);
