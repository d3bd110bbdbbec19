import type { AnswerCode } from '../../contracts/api/answer-codes.ts';
import type { ProblemType } from '../../contracts/api/common.ts';
import type { Me, StartView } from '../../contracts/api/pool-views.ts';
import type { CallView } from '../../contracts/api/views.ts';
import type { CallState } from '../../contracts/commands.ts';
import type { GatewayState } from '../../contracts/gateway-state.ts';
import type { OperatorAction } from '../../contracts/operator-fact.ts';
import type { ExhaustionCause, Outcome } from '../../contracts/outcomes.ts';

/* What the API says, in English: its own words, so that who reads one finds it in logs and documents. */

export const enTerms = {
  problems: {
    'invalid-request': 'Not accepted',
    unauthenticated: 'No valid token',
    forbidden: 'Not allowed',
    'not-found': 'Not found',
    conflict: 'Not possible now',
    'too-large': 'Too long',
    'key-reused': 'Asked before in another way',
    unavailable: 'The service does not answer, try again',
    internal: 'A defect of the service',
  } satisfies Record<ProblemType, string>,

  /** Why nothing was done, as the API says it. */
  answers: {
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
  } satisfies Record<AnswerCode, string>,

  roles: { viewer: 'viewer', operator: 'operator' } satisfies Record<Me['role'], string>,
  states: {
    free: 'free',
    locked: 'locked',
    busy: 'busy',
    silent: 'silent',
    held: 'held',
    draining: 'draining',
  } satisfies Record<GatewayState, string>,
  starting: 'starting',
  startStates: {
    requested: 'requested',
    starting: 'starting',
    registered: 'registered',
    stopping: 'stopping',
    stopped: 'stopped',
    failed: 'failed',
  } satisfies Record<StartView['state'], string>,
  edgeStates: { up: 'up', draining: 'takes no new calls', down: 'down' },
  callStates: {
    waiting: 'waiting',
    offered: 'offered',
    answered: 'answered',
    ended: 'ended',
  } satisfies Record<CallState, string>,
  outcomes: {
    answered: 'answered',
    cancelled: 'cancelled',
    'busy-everywhere': 'busy-everywhere',
    'no-answer': 'no-answer',
    'not-registered': 'not-registered',
    'pool-exhausted': 'pool-exhausted',
    'start-timeout': 'start-timeout',
    'gateway-failed': 'gateway-failed',
    rejected: 'rejected',
    'bad-request': 'bad-request',
    'no-room': 'no-room',
    'unreadable-room': 'unreadable-room',
    'loop-detected': 'loop-detected',
    'control-plane-unavailable': 'control-plane-unavailable',
    'gateway-lost': 'gateway-lost',
    'edge-lost': 'edge-lost',
  } satisfies Record<Outcome, string>,
  causes: {
    'none-registered': 'none-registered',
    'none-free': 'none-free',
    starting: 'starting',
    'starts-failing': 'starts-failing',
  } satisfies Record<ExhaustionCause, string>,
  endedBy: {
    caller: 'by caller',
    gateway: 'by gateway',
    edge: 'by edge',
    operator: 'by operator',
    sweep: 'its edge was thought lost',
  } satisfies Record<NonNullable<CallView['endedBy']>, string>,
  steps: {
    received: 'received',
    waiting: 'waiting',
    offered: 'offered',
    rejected: 'rejected',
    silent: 'silent',
    lost: 'lost',
    ringing: 'ringing',
    answered: 'answered',
    cancelled: 'cancelled',
    failed: 'failed',
    ended: 'ended',
  },
  lanes: ['caller', 'edge', 'gateway'] as [string, string, string],
  /** Rules by which gateways are started or drained. */
  rules: { short: 'short', surplus: 'surplus', 'breaker-trial': 'breaker-trial' },
  actions: {
    hangup: 'hangup',
    'drain-gateway': 'drain-gateway',
    'stop-gateway': 'stop-gateway',
    'hold-gateway': 'hold-gateway',
    'release-gateway': 'release-gateway',
    'drain-edge': 'drain-edge',
    'resume-edge': 'resume-edge',
    pause: 'pause',
    resume: 'resume',
    override: 'override',
    'end-override': 'end-override',
    reserve: 'reserve',
    'end-reservation': 'end-reservation',
  } satisfies Record<OperatorAction, string>,
  details: {
    gateway: 'gateway',
    minFree: 'minFree',
    maximum: 'maximum',
    gateways: 'gateways',
    from: 'from',
    to: 'to',
    until: 'until',
    reason: 'reason',
    day: 'day',
  },
};

/** What the API says, in each language. */
export type Terms = typeof enTerms;
