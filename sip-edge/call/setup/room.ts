import { parseGatewayName } from '../../../contracts/gateway-name.ts';
import { parseSipUri, unescapeUser } from '../../../sip/uri.ts';
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

/**
 * Reads the room out of the request URI: the user part (RFC 3261 19.1.1) without password and parameters,
 * unescaped, and without what could not stand in the rewritten From.
 * @param requestUri as it came, e.g. `sip:team%20room@example.org;transport=tcp`
 * @param gatewayName the deployment's gateway name, e.g. `mediagw`
 */
export function readTarget(requestUri: string, gatewayName: string): Target {
  const uri = parseSipUri(requestUri);
  if (uri === undefined) return { kind: 'malformed', why: 'no SIP URI' };
  if (uri.user === undefined) return { kind: 'no-room' };
  const room = cleanText(unescapeUser(uri.user.split(';', 1)[0] ?? ''));
  if (room === '') return { kind: 'no-room' };
  if (room.length > maxRoomLength) return { kind: 'malformed', why: 'room too long' };
  return parseGatewayName(room, gatewayName) ? { kind: 'gateway', gateway: room } : { kind: 'room', room };
}
