import { createRequest, newCallId, newTag } from '../../sip/message/build.ts';
import type { SipRequest } from '../../sip/message/message.ts';
import { parseNameAddr, tagOf } from '../../sip/name-addr.ts';
import type { Protocol } from '../sip-stack/index.ts';
import { appHeaders, withoutLocalhost, withTag } from './app/app-headers.ts';
import { type Core, contactFor } from './core.ts';

/** Methods that carry our Contact where the application gives none (RFC 3261 8.1.1.8, RFC 3311, 3515, 6665). */
export const contactMethods: ReadonlySet<string> = new Set([
  'INVITE',
  'UPDATE',
  'REFER',
  'SUBSCRIBE',
  'NOTIFY',
]);

/**
 * Completes what an application says of a request outside a dialog: From (its tag), To, Call-ID, CSeq and Contact
 * are its own where it gives them, else ours.
 * @param protocol of the way it goes, for our Contact
 */
export function newRequest(core: Core, text: SipRequest, protocol: Protocol): SipRequest {
  const { method, uri, body, headers: given } = text;
  const hostPort = core.endpoint.hostPort(protocol);
  const contact = contactFor(core, protocol);
  const from = withTag(withoutLocalhost(given.get('from') ?? contact, hostPort), newTag());
  const to = bracketed(withoutLocalhost(given.get('to') ?? uri, hostPort));
  const headers = appHeaders(text, hostPort);
  if (contactMethods.has(method) && !given.has('contact')) headers.unshift(['Contact', contact]);
  const callId = given.get('call-id') ?? newCallId();
  const cseq = Number.parseInt(given.get('cseq') ?? '', 10) || 1;
  return createRequest({ method, uri, from, to, callId, cseq, headers, body });
}

function bracketed(value: string): string {
  const isBareUri = !value.includes('<') && tagOf(value) === undefined && parseNameAddr(value) !== undefined;
  return isBareUri ? `<${value}>` : value;
}
