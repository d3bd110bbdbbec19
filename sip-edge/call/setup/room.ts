import { parseGatewayName } from '../../../contracts/gateway-name.ts';
import { parseSipUri, unescapeUser } from '../../../sip/uri.ts';
import { type GatewayText, isReadableRoom } from './gateway-text.ts';

/** What the caller dialled. */
export type Target =
  | { readonly kind: 'room'; readonly room: string }
  /** A gateway by its username: it gets the call, and no room. */
  | { readonly kind: 'gateway'; readonly gateway: string }
  | { readonly kind: 'no-room' }
  /** The gateway would read another room than was dialled. */
  | { readonly kind: 'unreadable-room' }
  /** Not to be understood as a SIP URI, or longer than any room: `why` is for the log and the Reason header. */
  | { readonly kind: 'malformed'; readonly why: string };

export interface GatewayKind {
  readonly gatewayName: string;
  readonly gatewayText: GatewayText;
}

/** As `allocateGateway` takes it, in UTF-16 units. */
const maxRoomLength = 256;

/**
 * Reads the room out of the request URI: the user part (RFC 3261 19.1.1) without password and parameters, unescaped.
 * @param requestUri as it came, e.g. `sip:1%23team-room@example.org;transport=tcp`
 * @param gateways of the deployment: their name, e.g. `mediagw`, and whose parsers they have
 */
export function readTarget(requestUri: string, gateways: GatewayKind): Target {
  const uri = parseSipUri(requestUri);
  if (uri === undefined) return { kind: 'malformed', why: 'no SIP URI' };
  if (uri.user === undefined) return { kind: 'no-room' };
  const room = unescapeUser(uri.user.split(';', 1)[0] ?? '').trim();
  if (room === '') return { kind: 'no-room' };
  if (room.length > maxRoomLength) return { kind: 'malformed', why: 'room too long' };
  if (parseGatewayName(room, gateways.gatewayName)) return { kind: 'gateway', gateway: room };
  return isReadableRoom(room, gateways.gatewayText) ? { kind: 'room', room } : { kind: 'unreadable-room' };
}
