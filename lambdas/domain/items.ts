import type { AttemptFailure, Caller, CallState } from '../../contracts/commands.ts';
import type { Peer } from '../../contracts/common.ts';
import type { GatewayState } from '../../contracts/inspect.ts';
import type { Outcome } from '../../contracts/outcomes.ts';

/* What the table holds, without the key. `…At`/`…Until` are epoch milliseconds, `expiresAt` epoch seconds. */

/** One contact of a registration (RFC 3261 10.3). */
export interface Binding {
  uri: string;
  expiresAt: number;
  q?: number;
  updatedAt: number;
}

export interface Gateway {
  username: string;
  contacts: Binding[];
  /** The uris of `contacts`, so that one condition tells "the same contacts again". */
  contactUris: Set<string>;
  /** The one to call. */
  contact: string;
  received: Peer;
  edgeId: string;
  /** The REGISTER's Call-ID. */
  registrationId: string;
  cseq: number;
  /** The CSeq that made this registration, if any did: a retransmission of it gets the same answer again. */
  freshCseq?: number;
  /** The call that the registration before this one held when this one took its place. */
  lostCallId?: string;
  state: GatewayState;
  /** The call that owns it: while locked, busy or draining. */
  lockedBy?: string;
  /** While locked: the lock ends here by itself. */
  lockedUntil?: number;
  /** The ECS task that runs it; none for a gateway that we did not start. */
  taskId?: string;
  registeredAt: number;
  expiresAt: number;
  /** With `availableAt`: its place in the `free` index. */
  freeShard?: string;
  availableAt?: number;
  /** With `watchAt`: its place in the `watch` index, while draining. */
  watchKey?: string;
  watchAt?: number;
}

/** What the `free` index shows of a gateway: enough to lock it without another read. */
export type Candidate = Pick<
  Gateway,
  'username' | 'registrationId' | 'contact' | 'received' | 'edgeId' | 'taskId'
>;

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
  endedBy?: 'caller' | 'gateway' | 'edge';
  outcome?: Outcome;
  detail?: string;
  /** The task that the end of this call stops; a repeated fact stops it again, in case the first try failed. */
  stopTaskId?: string;
  expiresAt: number;
  watchKey?: string;
  watchAt?: number;
}

/**
 * What the fleet tells the calls of the pool, so that they know whether waiting is any use. One item; who has just
 * decided writes it. Without it, or where it is old (`poolTrustedMs`), nobody manages the pool and nobody waits.
 */
export interface Pool {
  /** Whether more gateways may be started now than are starting already. */
  mayGrow: boolean;
  /** Starts in flight: asked for, and not registered yet. */
  starting: number;
  /** Seconds from `updatedAt` until the next of them should be ready. */
  estimateSec?: number;
  /** Starts have failed again and again: no new ones are made but to try. */
  startsFailing: boolean;
  /** Gateways of ours that there are, starting, free, in a call or draining. */
  managed: number;
  /** The most of them that there may be. */
  maximum: number;
  updatedAt: number;
  expiresAt: number;
}

export interface Edge {
  edgeId: string;
  /** Rises with each start of the edge's application. */
  generation: number;
  watchKey: string;
  /** End of its lease. */
  watchAt: number;
  expiresAt: number;
}
