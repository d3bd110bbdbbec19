import { afterEach, expect, it } from 'vitest';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import { useSipServer } from '../../support/use-sip-server.ts';
import { TestControlPlane } from '../support/control-plane.ts';
import { startEdge, type TestEdge } from '../support/edge.ts';
import { domain } from '../support/environment.ts';

const server = useSipServer();
let edge: TestEdge;
let peer: SipPeer;
afterEach(async () => {
  await edge?.close();
  await peer?.close();
});

// drachtio 0.9.10 says nothing to one, and nothing of it.
it.skipIf(process.env.DRACHTIO)('a PRACK that acknowledges nothing is told so (RFC 3262 3)', async () => {
  const noRegistrations = { register: () => Promise.reject(new Error('nobody registers')) };
  edge = await startEdge(server, Object.assign(new TestControlPlane('edge-1'), noRegistrations));
  peer = await SipPeer.connect('udp', server.sip);
  const call = peer.call(`sip:rings@${domain}`, { body: 'v=0' });
  const early = call.early(await call.answer(180));
  expect((await early.ask('PRACK', { headers: { RAck: '1 1 INVITE' } })).status).toBe(481);
  call.cancel();
  expect((await call.refusal()).status).toBe(487);
});
