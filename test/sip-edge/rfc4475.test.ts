import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { tortureMessages } from '../sip/rfc4475/messages.ts';
import { SipPeer } from '../support/sip-peer/peer.ts';
import { until } from '../support/until.ts';
import { useSipServer } from '../support/use-sip-server.ts';
import { TestControlPlane } from './support/control-plane.ts';
import { startEdge, type TestEdge } from './support/edge.ts';

/* The messages of RFC 4475 over a socket, to the whole edge but for its calls. */

const server = useSipServer();
const peers: SipPeer[] = [];
let edge: TestEdge;
beforeAll(async () => {
  const noRegistrations = { register: () => Promise.reject(new Error('none of them is a gateway')) };
  edge = await startEdge(server, Object.assign(new TestControlPlane('edge-1'), noRegistrations), {
    SIP_DOMAIN: 'example.com',
    FURTHER_DOMAINS: 'chair-dnrc.example.com,company.com,example.net,example.org',
    // Their From is of these domains too.
    TRUSTED_ADDRESSES: '127.0.0.0/8',
  });
});
afterAll(() => edge?.close());
afterEach(() => Promise.all(peers.splice(0).map((peer) => peer.close())));

async function connect(transport: 'udp' | 'tcp'): Promise<SipPeer> {
  const peer = await SipPeer.connect(transport, server.sip);
  peers.push(peer);
  return peer;
}

/** Several of them have one branch, by which they would be one transaction; here each has its own. */
function withBranch(bytes: Buffer, name: string): Buffer {
  const text = bytes.toString('latin1').replace(/branch=z9hG4bK[^\s;,]+/, `$&.${name}`);
  return Buffer.from(text, 'latin1');
}

const finals = ({ received }: SipPeer) =>
  received.filter((message) => message.kind === 'request' || message.status >= 200);

it.each(tortureMessages)('$name ($section): $what', async ({ name, bytes, transport, ...message }) => {
  const expected = server.kind === 'drachtio' ? message.onDrachtio : message.expected;
  const peer = await connect(transport);
  peer.sendRaw(withBranch(bytes, name));
  if (expected !== 'silence') await until('an answer', () => finals(peer)[0]);

  // Sent later, so that the answer to it comes later too.
  const honest = await connect('udp');
  const alive = await honest.ask({ method: 'OPTIONS', uri: 'sip:example.com' });
  expect(alive.status).toBe(200);
  const came = finals(peer).map((one) => (one.kind === 'request' ? one.method : one.status));
  expect(came).toEqual(expected === 'silence' ? [] : [expected]);
});
