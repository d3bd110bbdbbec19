import { parseNameAddr } from '../../../sip/name-addr.ts';
import { cleanText, cutText } from '../leg/text.ts';

export interface FromHeader {
  /** Without what `cleanText` removes; '' where there is none. */
  readonly displayName: string;
  readonly uri: string;
  readonly tag: string | undefined;
}

/** As the contract's `caller` takes them. */
const maxUriLength = 512;
const maxDisplayNameLength = 256;
/** With the Call-ID it makes the dialog's id, which the contract limits too. */
const maxTagLength = 256;

const uriPattern = /^[a-z][a-z0-9+.-]*:[^\s<>"\\\p{Cc}]+$/iu;

/**
 * Reads a From header (RFC 3261 20.20).
 * @param header `"Ann" <sip:ann@example.org>;tag=1` or `sip:ann@example.org;tag=1`
 * @returns undefined where it cannot be understood
 */
export function readFrom(header: string): FromHeader | undefined {
  const from = parseNameAddr(header);
  if (from === undefined || from.uri.length > maxUriLength || !uriPattern.test(from.uri)) return undefined;
  const tag = from.params.get('tag');
  if (tag !== undefined && tag.length > maxTagLength) return undefined;
  const displayName = cutText(cleanText(from.displayName ?? ''), maxDisplayNameLength).trimEnd();
  return { displayName, uri: from.uri, tag };
}

/**
 * The From that a gateway gets: `"{length}-{room}{display name}" <uri>`, no tag.
 *
 * The unmodified gateway (SIPMediaGW, src/event_handler.py) reads digits up to the first `-`, takes as many
 * characters as room, and the rest as the caller's name. It counts in Python, that is in code points. With the
 * length in front, a display name such as `5-other` cannot reach into the room.
 * @param room clean (see `readTarget`); '' where the caller dialled the gateway itself: `0-` then keeps the
 *   caller's name from being read as a room
 */
export function rewriteFrom(from: FromHeader, room: string): string {
  return `"${codePoints(room)}-${room}${from.displayName}" <${from.uri}>`;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
