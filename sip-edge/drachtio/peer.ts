import type { Peer } from '../../contracts/common.ts';
import type { SrfRequest } from './srf.ts';

/** @returns where the packet really came from, whatever its Via and Contact claim */
export function peerOf(request: SrfRequest): Peer {
  return { address: request.source_address, port: request.source_port, protocol: request.protocol };
}
