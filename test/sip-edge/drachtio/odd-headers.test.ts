import { afterAll, beforeAll, expect, it } from 'vitest';
import { rawRequest } from '../../support/sip-peer/message.ts';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import { useSipServer } from '../../support/use-sip-server.ts';
import { TestControlPlane } from '../support/control-plane.ts';
import { startEdge, type TestEdge } from '../support/edge.ts';
import { domain } from '../support/environment.ts';

/* Nothing that stands in one header ends the SIP server, but what docs/security.md says of drachtio 0.9.10. */

const server = useSipServer();
let edge: TestEdge;
let peer: SipPeer;
beforeAll(async () => {
  const noRegistrations = { register: () => Promise.reject(new Error('nobody registers')) };
  const environment = { ADDRESS_RATE_PER_SEC: '100000', ADDRESS_BURST: '1000000' };
  edge = await startEdge(server, Object.assign(new TestControlPlane('edge-1'), noRegistrations), environment);
  peer = await SipPeer.connect('udp', server.sip);
});
afterAll(async () => {
  await peer?.close();
  await edge?.close();
});

const uris = ['*', 'tel:1', 'tel:1;lr', 'cid:a;lr', 'sip:', 'sip:@h', 'sip:h;lr', 'urn:x:y;lr', ':', ''];
const words = [
  '-1',
  '9'.repeat(21),
  '1 2 3',
  ';;;',
  '=',
  ',,,',
  'a=b;c',
  'Digest',
  '1 INVITE',
  ';tag=',
  '%00',
];
const values = [...uris, ...uris.map((uri) => `<${uri}>`), '"', '<', ...words];
const names =
  `Accept Allow Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Type CSeq
Date Event Expires From Identity Join Max-Forwards Min-SE P-Asserted-Identity Path Proxy-Authorization RAck Reason
Record-Route Refer-To Referred-By Replaces Reply-To Require Retry-After Route RSeq Session-Expires Subscription-State
Supported Timestamp To Via Warning`.split(/\s+/);
const methods = [
  'INVITE',
  'OPTIONS',
  'REGISTER',
  'SUBSCRIBE',
  'NOTIFY',
  'BYE',
  'INFO',
  'UPDATE',
  'PRACK',
  'ACK',
];

const endsDrachtio = (name: string, value: string) =>
  server.kind === 'drachtio' && name === 'Route' && /^<?(?:tel|cid):.*;lr/.test(value);

it.each(names)('%s', async (name) => {
  for (const value of values.filter((one) => !endsDrachtio(name, one))) {
    for (const [at, method] of methods.entries()) {
      for (const To of [`<sip:room@${domain}>`, `<sip:room@${domain}>;tag=2`]) {
        const callId = `${name}-${at}-${To.length}-${values.indexOf(value)}`;
        peer.sendRaw(rawRequest({ method, callId, headers: { To, [name]: value } }));
      }
    }
    expect((await peer.ask({ method: 'OPTIONS', uri: `sip:${domain}` })).status).toBe(200);
  }
});
