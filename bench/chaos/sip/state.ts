import { tagOf } from '../../../sip/name-addr.ts';
import type { Headers, SrfRequest } from '../../../sip-edge/drachtio/srf.ts';
import type { Link } from './link.ts';
import type { Answer } from './network.ts';

/* What a SIP server keeps: whom it has to do with by `address:port`. */

/** A caller's INVITE that has no final answer. */
export interface Invite {
  readonly request: SrfRequest;
  readonly leg: string;
  readonly caller: string;
  readonly owner: Link;
  readonly answer: Answer;
}

/** An INVITE to a gateway that has none. */
export interface Offer {
  readonly leg: string;
  readonly request: SrfRequest;
  readonly gateway: string;
  readonly owner: Link;
  isProceeding: boolean;
  isCancelled: boolean;
}

export interface Dialog {
  readonly peer: string;
  /** Who is told of what comes in: nobody, once that connection is gone (drachtio #89). */
  readonly owner: Link;
}

/** Of its 200 to callers. */
export const ownTag = 'edge';

/** @returns the leg that a BYE is of where we have lost its dialog; '' for what is of none */
export function legOf({ from = '', to = '', 'call-id': callId }: Headers): string {
  if (callId === undefined) return '';
  return `${callId};from-tag=${tagOf(from) === ownTag ? tagOf(to) : tagOf(from)}`;
}
