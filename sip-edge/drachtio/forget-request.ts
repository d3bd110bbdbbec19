import type { Socket } from 'node:net';
import type { SrfRequest } from './srf.ts';

/** The insides of drachtio-srf that hold the INVITEs without a final response. */
interface Agent {
  mapServer?: Map<Socket, { pendingNetworkInvites?: Map<string, unknown> }>;
}

/**
 * Lets go of a request that will never be answered: drachtio-srf keeps each INVITE until its final response, so
 * a flood met with silence would fill the memory. (drachtio itself gives the transaction up after 64 s.)
 */
export function forgetRequest(request: SrfRequest): void {
  const { agent } = request as unknown as { agent?: Agent };
  const callId = request.headers['call-id'];
  if (callId !== undefined) agent?.mapServer?.get(request.socket)?.pendingNetworkInvites?.delete(callId);
}
