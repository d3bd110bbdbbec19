import type { Peer } from '../../../contracts/common.ts';
import type { GatewayState } from '../../../contracts/gateway-state.ts';

/* `…At`, `…Since` and `…Until` are epoch milliseconds; `expiresAt` is epoch seconds. */

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
  /** The registration in whose place this one came: a process that refreshes it did not start anew. */
  supersededId?: string;
  /** The CSeq that made this registration, if any did: a retransmission of it gets the same answer again. */
  freshCseq?: number;
  /** The call (`ownerOf`) that the registration before this one held when this one took its place. */
  lostCall?: string;
  /** The call (`ownerOf`) that waited, and for which this registration was locked from the start. */
  matchedCall?: string;
  state: GatewayState;
  /** The call (`ownerOf`) that has it: while locked, busy or draining. */
  lockedBy?: string;
  /** While locked: the lock ends here by itself. */
  lockedUntil?: number;
  /** The ECS task that runs it; none for a gateway that we did not start. */
  taskId?: string;
  registeredAt: number;
  expiresAt: number;
  /** While free: since when. */
  freeSince?: number;
  /** While silent: since when. */
  silentSince?: number;
  /** While an operator holds it: since when. */
  heldSince?: number;
  /** While draining: when somebody looks whether it has left. */
  drainUntil?: number;
}

/** What must be known of a gateway to lock it for a call. */
export type Candidate = Pick<
  Gateway,
  'username' | 'registrationId' | 'contact' | 'received' | 'edgeId' | 'taskId'
>;
