import type { Peer } from '../../contracts/common.ts';
import type { SrfRequest, SrfResponse } from './srf.ts';

/** @returns where the packet really came from, whatever its Via and Contact claim */
export function peerOf(message: Pick<SrfRequest, 'source_address' | 'source_port' | 'protocol'>): Peer {
  return { address: message.source_address, port: message.source_port, protocol: message.protocol };
}

/** @returns the way back to a UDP peer, by where it sends from, as a URI; undefined for a connection, which only it can open */
export function udpRoute({ address, port, protocol }: Peer): string | undefined {
  if (protocol !== 'udp') return undefined;
  const host = address.includes(':') ? `[${address}]` : address;
  return `sip:${host}:${port};transport=udp`;
}

/**
 * @returns whether drachtio made an answer up itself, from no address: 408 for silence, 503 for a refused connection, a
 *   host that cannot be reached, or a name without an address. It says nothing of the peer.
 */
export function isInternal(response: SrfResponse): boolean {
  return !response.source_address;
}
