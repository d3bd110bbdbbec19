import { compactNames } from '../../sip/message/headers.ts';
import { trimBlanks } from '../../sip/text.ts';

/** A message as drachtio-srf reads it, or why it would not. */
export type ReadableHead =
  | { readonly isReadable: true; readonly message: string }
  | { readonly isReadable: false; readonly why: string };

const headEnd = '\r\n\r\n';
const version = /^sip\/2\.0(?= )|(?<= )sip\/2\.0$/i;
const statusLine = /^SIP\/2\.0 [1-6]\d\d(?: |$)/;
const requestLine = /^[\w\-.!%*+`'~]+ [^ \t]+ SIP\/2\.0$/;
const name = /^[\w\-.!%*+`'~]+$/;
const sdpType = 'application/sdp';
const anyType = 'application/octet-stream';
/** In JavaScript every object has these, so that drachtio-srf would find them in headers that have not come. */
const namesOfObjects: ReadonlySet<string> = new Set(['constructor', '__proto__']);

/**
 * Makes the head of a message what drachtio-srf reads rightly: each header on one line, compact names in full (it takes
 * `e` for another header, and does not know most), and a Content-Length where the message came without, since it would
 * cut the body at its first empty line. A body without a Content-Type, which RFC 3261 20.15 demands, is bytes of which
 * nobody knows more: drachtio 0.9.10 would refuse to pass it on.
 * @param message as drachtio passed it on, one character a byte
 * @returns the message, or why it cannot be read
 */
export function readableHead(message: string): ReadableHead {
  const found = message.indexOf(headEnd);
  const end = found < 0 ? message.length : found;
  const body = message.slice(end + headEnd.length);
  const [first = '', ...lines] = message.slice(0, end).split(/\r\n(?![ \t])/);
  // drachtio hands on what it takes in any case (RFC 3261 7.1), and drachtio-srf takes it in capitals alone.
  const start = first.replace(version, 'SIP/2.0');
  if (!statusLine.test(start) && !requestLine.test(start)) return unreadable('malformed start line');
  const kept = [start];
  let hasLength = false;
  let hasType = false;
  for (const line of lines) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    const given = colon < 0 ? '' : line.slice(0, colon).trimEnd();
    if (!name.test(given)) return unreadable('line without a header name');
    const lower = given.toLowerCase();
    if (namesOfObjects.has(lower)) continue;
    const full = compactNames.get(lower) ?? given;
    hasLength ||= full.toLowerCase() === 'content-length';
    hasType ||= full.toLowerCase() === 'content-type';
    kept.push(`${full}: ${unfold(line.slice(colon + 1))}`);
  }
  if (!hasLength && body !== '') kept.push(`Content-Length: ${body.length}`);
  if (!hasType && body !== '') kept.push(`Content-Type: ${body.startsWith('v=0') ? sdpType : anyType}`);
  return { isReadable: true, message: `${kept.join('\r\n')}${headEnd}${body}` };
}

const unreadable = (why: string): ReadableHead => ({ isReadable: false, why });

/** By lines: a pattern for the blanks about each line's end would begin anew at each of thousands in a row. */
function unfold(value: string): string {
  if (!value.includes('\n')) return trimBlanks(value);
  const lines = value.split(/[\r\n]+/);
  return trimBlanks(lines.map(trimBlanks).join(' '));
}
