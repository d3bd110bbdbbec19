import { parseGatewayName } from '../../../contracts/gateway-name.ts';
import { parseSipUri, unescapeUser } from '../../../sip/uri.ts';

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

/** As `allocateGateway` takes it, in UTF-16 units. */
const maxRoomLength = 256;

/**
 * A room, with the number of a platform before it or without: what the gateway's menu takes (SIPMediaGW,
 * browsing/assets/IVR/ivr.js). It skips every other character as it reads, drops a room of one digit after a platform, and
 * takes one digit alone as a platform's number, whose room is asked for.
 */
const readableRoom = /^(?![1-9][.#]\d$)(?:[1-9][.#])?[A-Za-z0-9_/-]+$/;

/**
 * Reads the room out of the request URI: the user part (RFC 3261 19.1.1) without password and parameters, unescaped.
 * @param requestUri as it came, e.g. `sip:1%23team-room@example.org;transport=tcp`
 * @param gatewayName the deployment's gateway name, e.g. `mediagw`
 */
export function readTarget(requestUri: string, gatewayName: string): Target {
  const uri = parseSipUri(requestUri);
  if (uri === undefined) return { kind: 'malformed', why: 'no SIP URI' };
  if (uri.user === undefined) return { kind: 'no-room' };
  const room = unescapeUser(uri.user.split(';', 1)[0] ?? '').trim();
  if (room === '') return { kind: 'no-room' };
  if (room.length > maxRoomLength) return { kind: 'malformed', why: 'room too long' };
  if (parseGatewayName(room, gatewayName)) return { kind: 'gateway', gateway: room };
  return readableRoom.test(room) ? { kind: 'room', room } : { kind: 'unreadable-room' };
}
