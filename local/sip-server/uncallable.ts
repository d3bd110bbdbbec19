import type { SipRequest } from '../../sip/message/message.ts';
import { parseNameAddrs } from '../../sip/name-addr.ts';
import { parseSipUri } from '../../sip/uri.ts';

const startsDialog: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE']);
const maxContacts = 10;

/** @returns whether a request would start a dialog with a peer that its Contact gives no way to call, such as `*` or `tel:` */
export function isUncallable({ method, headers }: SipRequest): boolean {
  const contact = headers.get('contact');
  if (contact === undefined || !startsDialog.has(method)) return false;
  return parseSipUri(parseNameAddrs(contact, maxContacts)?.[0]?.uri ?? '') === undefined;
}
