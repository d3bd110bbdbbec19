import { describe, expect, it } from 'vitest';
import { hangUp, type SipPeer } from '../../support/sip-peer/peer.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer } from './support/call.ts';
import { Suite } from './support/suite.ts';

/* Peers whose Contact and Via name an address that nobody can reach. */

const privateHost = '10.99.0.7';
const suite = new Suite();

function behindNat(peer: SipPeer): SipPeer {
  peer.host = privateHost;
  return peer;
}

it('answers a request by UDP to where it came from', async () => {
  const scene = await suite.scene('udp');
  behindNat(scene.caller);
  await suite.connect((srf) => srf.options((_request, response) => response.send(200)));
  const request = scene.outside().build('OPTIONS');
  // Nor does it ask for that by rport.
  request.headers.set('Via', scene.caller.via().replace(';rport', ''));
  const answered = await scene.caller.answer(scene.caller.send(request));
  expect(answered.header('via')).toContain('received=127.0.0.1');
});

describe.each(['udp', 'tcp'] as const)('a caller over %s behind a NAT', (protocol) => {
  it('gets the requests of its call, though its Contact leads nowhere', async () => {
    const scene = await suite.scene(protocol);
    behindNat(scene.caller);
    await suite.connect((srf) => scene.bridge(srf));
    const { callee } = await scene.establish();
    callee.send('BYE');
    const bye = await scene.caller.incoming('BYE');
    expect(bye.uri).toBe(scene.caller.contact);
    bye.reply(200);
  });
});

it('reaches a gateway over the TCP connection that it registered on, by its Contact', async () => {
  const scene = await suite.scene('tcp');
  const gateway = behindNat(scene.callee);
  await suite.connect((srf) => {
    srf.register((request, response) =>
      response.send(200, { headers: { Contact: `${request.get('contact')};expires=60`, Expires: '60' } }),
    );
    scene.bridge(srf);
  });
  const registration = gateway.outside(`sip:gateway@${suite.server.sip.host}`);
  expect((await registration.ask('REGISTER', { headers: { Expires: '60' } })).status).toBe(200);

  const call = scene.dial();
  const { dialog: callee, invite } = await scene.pickUp();
  expect(invite.uri).toBe(gateway.contact);
  await call.established();
  await gateway.request('ACK');
  await scene.joined();
  await hangUp(call.dialog, gateway);
  expect(callee.callId).not.toBe(call.callId);
});

it('reaches a gateway over its TCP connection by a route to where that came from', async () => {
  const scene = await suite.scene('tcp');
  const gateway = behindNat(scene.callee);
  await suite.connect((srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const proxy = `sip:127.0.0.1:${gateway.port};transport=tcp`;
        const uac = await srf.createUAC(gateway.contact, { localSdp: offer, proxy });
        const uas = await srf.createUAS(request, response, { localSdp: uac.remote.sdp });
        uas.on('destroy', () => void uac.destroy());
      }),
    ),
  );
  // The connection is open, and has carried a message.
  gateway.sendRaw('\r\n\r\n');
  const call = scene.dial();
  await scene.pickUp({ body: answer });
  await call.established();
  await gateway.request('ACK');
  expect(await call.dialog.bye()).toMatchObject({ status: 200 });
  (await gateway.incoming('BYE')).reply(200);
});

it('sends within a call by the proxies that recorded themselves', async () => {
  const { scene } = await suite.bridged('udp');
  const route = `<sip:127.0.0.1:${scene.caller.port};lr>`;
  const call = scene.dial({
    headers: { 'Record-Route': [route, '<sip:second.example.test;lr>'] },
    body: offer,
  });
  scene.caller.host = privateHost;
  const { dialog: callee } = await scene.pickUp();
  const answered = await call.answer(200);
  expect(answered.headers.getAll('record-route').join()).toContain(route);
  call.dialog.acknowledge(answered);
  await scene.callee.request('ACK');
  await scene.joined();
  callee.send('BYE');
  const bye = await scene.caller.incoming('BYE');
  expect(bye.headers.getAll('route').join()).toMatch(
    /^<sip:127\.0\.0\.1:\d+;lr>,\s?<sip:second\.example\.test;lr>$/,
  );
  bye.reply(200);
});
