import type { HeaderLine, SipHeaders } from '../../../sip/message/headers.ts';
import type { SipMessage } from '../../../sip/message/message.ts';
import { tagOf } from '../../../sip/name-addr.ts';

/*
 * An application sends only the headers it sets itself, in the spelling it likes; those of the dialog and of the
 * transport are the server's.
 */

/** Never taken from an application (as in drachtio), and those that the server writes itself. */
const ownedByServer: ReadonlySet<string> = new Set([
  'via',
  'route',
  'record-route',
  'content-length',
  'from',
  'to',
  'call-id',
  'cseq',
]);

const spellings: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
  rseq: 'RSeq',
  rack: 'RAck',
  'mime-version': 'MIME-Version',
  'min-se': 'Min-SE',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
};

const maxKnownNames = 500;
const knownNames = new Map<string, string>(Object.entries(spellings));

/** @returns the usual spelling of a lower-case header name; other names stay as they are */
function spelled(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  if (name !== name.toLowerCase()) return name;
  const usual = name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
  if (knownNames.size < maxKnownNames) knownNames.set(name, usual);
  return usual;
}

/**
 * @param host replaces `localhost` in Contact and P-Asserted-Identity (drachtio's way to name itself), as host:port
 * @returns the headers of the application that go out as they are
 */
export function appHeaders(message: SipMessage, host: string): HeaderLine[] {
  const { keys, names, values } = message.headers;
  const lines: HeaderLine[] = [];
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string;
    if (ownedByServer.has(key)) continue;
    const value = values[at] as string;
    const naming = key === 'contact' || key === 'p-asserted-identity';
    lines.push([spelled(names[at] as string), naming ? withoutLocalhost(value, host) : value]);
  }
  if (message.body.length > 0 && !message.headers.has('content-type') && looksLikeSdp(message.body)) {
    lines.push(['Content-Type', 'application/sdp']);
  }
  return lines;
}

export function withoutLocalhost(value: string, host: string): string {
  return value.includes('@localhost')
    ? value.replace(/@localhost(?::\d+)?(?=[;>?,\s]|$)/g, `@${host}`)
    : value;
}

function looksLikeSdp(body: Buffer): boolean {
  return body.length >= 3 && body.toString('latin1', 0, 3) === 'v=0';
}

/** @returns the value with a tag, in brackets where it had none (a bare URI's parameters would mix with it) */
export function withTag(value: string, tag: string): string {
  if (tagOf(value) !== undefined) return value;
  return value.includes('<') ? `${value};tag=${tag}` : `<${value}>;tag=${tag}`;
}

/** @returns the To tag that the application chose for its answer */
export function chosenTag(headers: SipHeaders): string | undefined {
  const to = headers.get('to');
  return to === undefined ? undefined : tagOf(to);
}
