import { parseGatewayName } from '../../../contracts/gateway-name.ts';
import { cleanText } from '../leg/text.ts';

/** What the caller dialled. */
export type Target =
  | { readonly kind: 'room'; readonly room: string }
  /** A gateway by its username: it gets the call, and no room. */
  | { readonly kind: 'gateway'; readonly gateway: string }
  | { readonly kind: 'no-room' }
  /** Not to be understood as a SIP URI, or longer than any room: `why` is for the log and the Reason header. */
  | { readonly kind: 'malformed'; readonly why: string };

/** As `allocateGateway` takes it, in UTF-16 units. */
const maxRoomLength = 256;
/** Escapes triple a byte; whatever is longer cannot come down to a room. */
const maxEscapedLength = 3 * 4 * maxRoomLength;

/**
 * Reads the room out of the request URI: the user part (RFC 3261 19.1.1) without password and parameters,
 * unescaped, and without what could not stand in the rewritten From.
 * @param requestUri as it came, e.g. `sip:team%20room@example.org;transport=tcp`
 * @param gatewayName the deployment's gateway name, e.g. `mediagw`
 */
export function readTarget(requestUri: string, gatewayName: string): Target {
  const scheme = /^sips?:/i.exec(requestUri);
  if (!scheme) return { kind: 'malformed', why: 'no SIP URI' };
  const at = requestUri.indexOf('@');
  if (at < 0) return { kind: 'no-room' };
  const userInfo = requestUri.slice(scheme[0].length, at);
  if (userInfo.length > maxEscapedLength) return { kind: 'malformed', why: 'room too long' };
  const user = unescapeUser(userInfo.split(/[:;]/, 1)[0] ?? '');
  const room = cleanText(user);
  if (room === '') return { kind: 'no-room' };
  if (room.length > maxRoomLength) return { kind: 'malformed', why: 'room too long' };
  return parseGatewayName(room, gatewayName) ? { kind: 'gateway', gateway: room } : { kind: 'room', room };
}

/** What is no valid escape (or no UTF-8) stays as written. */
function unescapeUser(user: string): string {
  if (!user.includes('%')) return user;
  try {
    return decodeURIComponent(user);
  } catch (error) {
    if (error instanceof URIError) return user;
    throw error;
  }
}
