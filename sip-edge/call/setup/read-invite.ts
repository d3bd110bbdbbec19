import type { Caller } from '../../../contracts/commands.ts';
import { textOf } from '../../../sip/text.ts';
import { peerOf } from '../../drachtio/peer.ts';
import type { SrfRequest } from '../../drachtio/srf.ts';
import type { Invitation, SetupFailure } from '../call.ts';
import { readFrom } from './from-header.ts';
import { type GatewayKind, readTarget } from './room.ts';

export type ReadInvite =
  | { readonly result: 'read'; readonly invitation: Invitation }
  | (SetupFailure & { readonly result: 'refused'; readonly caller?: Caller });

/**
 * Reads who calls, and what was dialled.
 * @param gateways what all gateways of the deployment have in common
 * @returns both, or why the INVITE is refused, with its caller where that was understood
 */
export function readInvite(request: SrfRequest, gateways: GatewayKind): ReadInvite {
  const from = readFrom(textOf(request.headers.from ?? ''), gateways.gatewayText);
  if (!from) return { result: 'refused', outcome: 'bad-request', detail: 'From not understood' };
  const { displayName, uri } = from;
  const caller: Caller = { uri, ...(displayName && { displayName }), received: peerOf(request) };

  const target = readTarget(textOf(request.uri), gateways);
  if (target.kind === 'no-room' || target.kind === 'unreadable-room') {
    return { result: 'refused', outcome: target.kind, caller };
  }
  if (target.kind === 'malformed') {
    return { result: 'refused', outcome: 'bad-request', detail: target.why, caller };
  }
  const room = target.kind === 'room' ? target.room : target.gateway;
  return { result: 'read', invitation: { caller, from, target, room } };
}
