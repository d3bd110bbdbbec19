import type { AnswerCode } from '../../contracts/api/answer-codes.ts';

/** Why nothing was done, as the API says it. */
export const enAnswers = {
  'no-such-call': 'there is no record of this call; records are kept 30 days',
  'no-such-gateway': 'no such gateway is registered',
  'no-such-edge': 'there is no such edge',
  'no-role': 'the token has no role of this service',
  'not-ours': 'others run this gateway: it is not ours to stop',
  'not-free': 'the gateway is not free',
  taken: 'a call was faster and has it now',
  'has-changed': 'it has just changed: look at it, and ask again',
  'edge-down': 'the edge is down: it takes no calls anyhow',
  'not-answered': 'the call is not answered: it ends by itself where nobody answers',
  'too-many-reservations': 'there are as many reservations as there may be',
  'call-over': 'the call is over',
  leaving: 'it is leaving already',
  'leaves-after-call': 'it leaves after its call, as every gateway here',
  held: 'it is held already',
  'not-held': 'nobody holds it',
  draining: 'it takes no new calls already',
  'not-draining': 'nobody drains it',
  'as-ordered': 'it stands so already',
} satisfies Record<AnswerCode, string>;
