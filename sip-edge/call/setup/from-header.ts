import { parseNameAddr } from '../../../sip/name-addr.ts';
import { parseSipUri, unescapeUser } from '../../../sip/uri.ts';
import { type GatewayText, readableName } from './gateway-text.ts';

export interface FromHeader {
  /** As `readableName` gives it; '' where there is none. */
  readonly displayName: string;
  readonly uri: string;
  readonly tag: string | undefined;
}

/** As the contract's `caller` takes it. */
const maxUriLength = 512;
/** Conferences show 50 characters or so. The gateway takes baresip's message in pieces of 1 kB, and trips over a split one. */
const maxDisplayNameLength = 128;
/** With the Call-ID it makes the dialog's id, which the contract limits too. */
const maxTagLength = 256;

const uriPattern = /^[a-z][a-z0-9+.-]*:[^\s<>"\\\p{Cc}]+$/iu;

/**
 * Reads a From header (RFC 3261 20.20).
 * @param header `"Ann" <sip:ann@example.org>;tag=1` or `sip:ann@example.org;tag=1`
 * @returns undefined where it cannot be understood
 */
export function readFrom(header: string, reader: GatewayText): FromHeader | undefined {
  const from = parseNameAddr(header);
  if (from === undefined || from.uri.length > maxUriLength || !uriPattern.test(from.uri)) return undefined;
  const tag = from.params.get('tag');
  if (tag !== undefined && tag.length > maxTagLength) return undefined;
  const displayName = readableName(from.displayName ?? '', maxDisplayNameLength, reader);
  return { displayName, uri: from.uri, tag };
}

/**
 * The From that a gateway gets: `"{length}-{room}{name}" <uri>`, no tag.
 *
 * The unmodified gateway (SIPMediaGW, src/event_handler.py) reads digits up to the first `-`, takes as many
 * characters as room, and the rest as the caller's name. With the length in front, a display name such as `5-other`
 * cannot reach into the room. Where no name is left it takes user and host of the URI, as they stand: a caller without a
 * name therefore gets these as its name here. Python counts code points.
 * @param room as `readTarget` gives it; '' where the caller dialled the gateway itself: `0-` then keeps the caller's name
 *   from being read as a room
 */
export function rewriteFrom({ displayName, uri }: FromHeader, room: string, reader: GatewayText): string {
  const name = reader === 'as-sent' ? displayName : displayName || nameOfUri(uri) || 'Caller';
  return `"${[...room].length}-${quotedPairs(room + name)}" <${uri}>`;
}

/** RFC 3261 25.1, quoted-string. */
const quotedPairs = (text: string) => text.replace(/["\\]/g, '\\$&');

/** @returns `ann@example.org` of `sip:ann:password@example.org:5060;transport=tcp` */
function nameOfUri(uri: string): string {
  const sipUri = parseSipUri(uri);
  if (sipUri === undefined)
    return readableName(uri.slice(uri.indexOf(':') + 1), maxDisplayNameLength, 'sipmediagw');
  const { user, host } = sipUri;
  const name = user === undefined ? host : `${unescapeUser(user)}@${host}`;
  return readableName(name, maxDisplayNameLength, 'sipmediagw');
}
