const startsDialog = /^(?:INVITE|SUBSCRIBE)[ \t]/;
/** The value of the first Contact, whatever its name's form, with lines that are folded. */
const firstContact = /\r\n(?:contact|m)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)/i;
/**
 * What may stand before the URI: a name, quoted or not, and `<`. No two parts of it take the same blanks, or a Contact of
 * thousands would be tried in each way of sharing them out.
 */
const beforeUri = /^(?:\s*"(?:[^"\\]|\\[\s\S])*"\s*|[^"<,]*)<\s*/;
/** URIs without a host (sofia-sip, url.c). */
const hostless = /^\s*(?:\*|(?:tel|fax|modem|cid):)/i;

/**
 * Says whether an answer to a request would end drachtio. drachtio 0.9.10 makes a dialog of an INVITE or SUBSCRIBE when
 * it is answered, and compares the host of its Contact with where it came from, where that is by UDP. `*` and `tel:` have
 * no host: a null pointer, and every call of the edge is gone. Unanswered, drachtio forgets the request after 64 s.
 * @param protocol as drachtio says it
 * @param message as it came
 */
export function endsDrachtio(protocol: string | undefined, message: string): boolean {
  if (protocol !== 'udp' || !startsDialog.test(message)) return false;
  const contact = firstContact.exec(message)?.[1];
  return contact !== undefined && hostless.test(contact.replace(beforeUri, ''));
}
