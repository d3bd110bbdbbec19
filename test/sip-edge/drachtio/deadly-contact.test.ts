import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { endsDrachtio } from '../../../sip-edge/drachtio/deadly-contact.ts';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import { useSipServer } from '../../support/use-sip-server.ts';
import { TestControlPlane } from '../support/control-plane.ts';
import { startEdge, type TestEdge } from '../support/edge.ts';
import { domain } from '../support/environment.ts';

const server = useSipServer();
let edge: TestEdge;
const peers: SipPeer[] = [];
beforeAll(async () => {
  const noRegistrations = { register: () => Promise.reject(new Error('nobody registers')) };
  edge = await startEdge(server, Object.assign(new TestControlPlane('edge-1'), noRegistrations));
});
afterAll(() => edge?.close());
afterEach(() => Promise.all(peers.splice(0).map((peer) => peer.close())));

const uri = `sip:room@${domain}`;
const shapes = [
  '*',
  '"all" <*>',
  '<tel:+15551234>',
  'tel:+15551234',
  'Fax <FAX:1>',
  '<modem:1>',
  '<cid:a@b>',
];

// One such packet ended drachtio 0.9.10, and with it every call of the edge.
describe.each(['INVITE', 'SUBSCRIBE'])('%s with a Contact that has no host', (method) => {
  it.each(shapes)('%s does no harm', async (contact) => {
    const peer = await SipPeer.connect('udp', server.sip);
    peers.push(peer);
    const { headers } = peer.send(peer.build({ method, uri, headers: { Contact: contact, Event: 'x' } }));
    const alive = await peer.ask({ method: 'OPTIONS', uri: `sip:${domain}` });
    expect(alive.status).toBe(200);
    const answers = peer.answersTo(headers.get('call-id') ?? '').filter(({ status }) => status >= 200);
    // The embedded server refuses it by itself; of drachtio the edge gets it, and says nothing.
    expect(answers.map(({ status }) => status)).toEqual(server.kind === 'embedded' ? [400] : []);
  });
});

// Such a call, once up and its connection closed, ended drachtio 0.9.10 as well.
it('an INVITE by TCP with a Record-Route of * is refused', async () => {
  const peer = await SipPeer.connect('tcp', server.sip);
  peers.push(peer);
  const refused = await peer.ask({ method: 'INVITE', uri, headers: { 'Record-Route': '<*>' } });
  expect(refused.status).toBe(400);
  expect((await peer.ask({ method: 'OPTIONS', uri: `sip:${domain}` })).status).toBe(200);
});

it('knows them in every form a header may have', () => {
  const invite = (line: string) => `INVITE  ${uri} SIP/2.0\r\nVia: x\r\n${line}\r\nSubject: *\r\n\r\n`;
  const harmful = [
    'Contact: *',
    'm:*',
    'CONTACT :\r\n *',
    'm: "a \\" <b" <tel:1>;q=1',
    'Contact: *, <sip:a@b>',
  ];
  expect(harmful.filter((line) => !endsDrachtio('udp', invite(line)))).toEqual([]);
  const harmless = [
    'Contact: <sip:*@b>',
    'm: "*" <sip:a@b>',
    'Contact: <sip:a@b>, *',
    'X: *',
    'Contact: sip:tel:1@b',
  ];
  expect(harmless.filter((line) => endsDrachtio('udp', invite(line)))).toEqual([]);
  expect(endsDrachtio('tcp', invite('Contact: *'))).toBe(false);
  expect(endsDrachtio('udp', invite('Contact: *').replace('INVITE', 'REGISTER'))).toBe(false);
});
