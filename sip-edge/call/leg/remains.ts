import { parseNameAddrs } from '../../../sip/name-addr.ts';
import { peerOf, udpRoute } from '../../drachtio/peer.ts';
import type { Headers, SipMessage, SrfRequest, SrfResponse } from '../../drachtio/srf.ts';
import type { Place } from './whereabouts.ts';

/**
 * The end of a dialog as a request of its own, for a drachtio that was started anew and knows none; the place is that of the
 * peer as the dialog began.
 */
export interface Remains extends Place {
  readonly headers: Headers;
}

/** Above whatever was sent in the dialog, and the most that there is (RFC 3261 8.1.1.5). */
const lastCSeq = `${2 ** 31 - 1} BYE`;
const maxContacts = 10;

/** @param answer the 200 as it went out */
export function remainsOfCaller(invite: SrfRequest, answer: SipMessage | undefined): Remains | undefined {
  const { from, contact, 'call-id': callId } = invite.headers;
  return remains(answer?.headers.to, from, callId, contact, invite);
}

/** @param invite as it went out. @param answer the 200 */
export function remainsOfGateway(invite: SrfRequest | undefined, answer: SrfResponse): Remains | undefined {
  const { from, 'call-id': callId } = invite?.headers ?? {};
  return remains(from, answer.headers.to, callId, answer.headers.contact, answer);
}

function remains(
  from: string | undefined,
  to: string | undefined,
  callId: string | undefined,
  contact: string | undefined,
  message: Parameters<typeof peerOf>[0],
): Remains | undefined {
  const uri = parseNameAddrs(contact ?? '', maxContacts)?.[0]?.uri;
  if (from === undefined || to === undefined || callId === undefined || uri === undefined) return undefined;
  return { uri, proxy: udpRoute(peerOf(message)), headers: { from, to, 'call-id': callId, cseq: lastCSeq } };
}
