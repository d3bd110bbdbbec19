import type { Peer } from '../../contracts/common.ts';
import type { SrfRequest, SrfResponse } from './srf.ts';

/** @returns where the packet really came from, whatever its Via and Contact claim */
export function peerOf(request: SrfRequest): Peer {
  return { address: request.source_address, port: request.source_port, protocol: request.protocol };
}

/**
 * @returns whether drachtio made an answer up itself, from no address: 408 for silence, 503 for a refused connection, a
 *   host that cannot be reached, or a name without an address. It says nothing of the peer.
 */
export function isInternal(response: SrfResponse): boolean {
  return !response.source_address;
}
