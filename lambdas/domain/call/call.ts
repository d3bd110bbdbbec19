import type { AttemptFailure, Caller, CallState } from '../../../contracts/commands.ts';
import type { CallIdentity, Peer } from '../../../contracts/common.ts';
import type { MediaStream } from '../../../contracts/media.ts';
import type { Outcome } from '../../../contracts/outcomes.ts';
import type { SipMessage } from '../../../contracts/sip-message.ts';

/* `…At`, `…Since` and `…Until` are epoch milliseconds. */

/** As `lockedBy` of a gateway names its call. */
export function ownerOf({ callId, traceId }: CallIdentity): string {
  return traceId === undefined ? callId : `${callId}#${traceId}`;
}

const owner = /^(.*)#(1-[0-9a-f]{8}-[0-9a-f]{24})$/s;

/** Reads back what `ownerOf` made: a Call-ID may have a `#` of its own, a trace id has none. */
export function identityOf(ownerText: string): CallIdentity {
  const [, callId, traceId] = owner.exec(ownerText) ?? [];
  return callId === undefined ? { callId: ownerText } : { callId, traceId };
}

/** One gateway that a call was offered to. */
export interface Attempt {
  attempt: number;
  gateway: string;
  offeredAt?: number;
  failedAt?: number;
  cause?: AttemptFailure['cause'];
  status?: number;
  /** The gateway was told lost while it held the call. */
  lostAt?: number;
  lostCause?: string;
}

/** What was answered to the call's last allocation: given again when the answer was lost. */
export interface Grant {
  contact: string;
  received: Peer;
  gatewayEdgeId: string;
  lockedUntil: number;
}

/** How its media went, as its gateway told. */
export interface CallMedia {
  reportedAt: number;
  streams: MediaStream[];
}

export interface Call {
  callId: string;
  /** Rises with each write: whoever read it writes only if nobody else did since. */
  version: number;
  state: CallState;
  edgeId: string;
  room?: string;
  caller?: Caller;
  /** The last attempt, 0 for a call that was never offered to a gateway. */
  attempt: number;
  attempts: Attempt[];
  grant?: Grant;
  /** The gateway of the last attempt. */
  gateway?: string;
  registrationId?: string;
  taskId?: string;
  traceId?: string;
  callerDialogId?: string;
  gatewayDialogId?: string;
  receivedAt?: number;
  /** When it began to wait for a gateway: its place in the queue. */
  waitingSince?: number;
  /** While it waits: when its edge last asked, give or take a few seconds. */
  askedAt?: number;
  offeredAt?: number;
  ringingAt?: number;
  answeredAt?: number;
  endedAt?: number;
  /** `sweep`: nobody said so, the edge was thought lost. What the edge says counts more. */
  endedBy?: 'caller' | 'gateway' | 'edge' | 'operator' | 'sweep';
  outcome?: Outcome;
  detail?: string;
  /** When it was first thought lost with its edge, and was not: it is counted so, until it ends and counts anew. */
  thoughtLostAt?: number;
  /** The task that the end of this call stops; a repeated fact stops it again, in case the first try failed. */
  stopTaskId?: string;
  media?: CallMedia;
  /** As its edge took and sent them, the oldest first. */
  messages?: SipMessage[];
  /** How many more there were. */
  messagesLeftOut?: number;
  /** No fact has ended it, or the bus did not take it: nobody has told its call detail record yet, and the sweep does. */
  recordDue?: true;
}
