import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer, Scene, sdp } from './support/call.ts';
import { type Peer, PeerDialog } from './support/peer.ts';
import { type App, connectApp, startUnderTest, type UnderTest } from './support/under-test.ts';

/* Peers whose Contact and Via name an address that nobody can reach. */

const privateHost = '10.99.0.7';
let server: UnderTest;
let scene: Scene;
let app: App | undefined;

beforeAll(async () => {
  server = await startUnderTest();
});
afterAll(() => server.stop());
afterEach(async () => {
  app?.kill();
  app = undefined;
  await scene?.close();
});

function behindNat(peer: Peer): Peer {
  peer.host = privateHost;
  return peer;
}

it('answers a request by UDP to where it came from', async () => {
  scene = await Scene.open(server, 'udp');
  behindNat(scene.caller);
  app = await connectApp(server, (srf) => srf.options((_request, response) => response.send(200)));
  const dialog = scene.outside();
  const request = dialog.build('OPTIONS');
  // Nor does it ask for that by rport.
  request.headers.set('Via', scene.caller.via().replace(';rport', ''));
  scene.caller.send(request);
  const answered = await scene.caller.response(dialog.callId, 'OPTIONS');
  expect(answered.headers.get('via')).toContain('received=127.0.0.1');
});

describe.each(['udp', 'tcp'] as const)('a caller over %s behind a NAT', (protocol) => {
  it('gets the requests of its call, though its Contact leads nowhere', async () => {
    scene = await Scene.open(server, protocol);
    behindNat(scene.caller);
    app = await connectApp(server, (srf) => scene.bridge(srf));
    const { caller, callee } = await scene.establish();
    callee.send('BYE');
    const bye = await caller.peer.request('BYE');
    expect(bye.uri).toBe(caller.peer.contact);
    caller.peer.reply(bye, { status: 200 });
  });
});

it('reaches a gateway over the TCP connection that it registered on, by its Contact', async () => {
  scene = await Scene.open(server, 'tcp');
  const gateway = behindNat(scene.callee);
  app = await connectApp(server, (srf) => {
    srf.register((request, response) =>
      response.send(200, { headers: { Contact: `${request.get('contact')};expires=60`, Expires: '60' } }),
    );
    scene.bridge(srf);
  });
  const registration = PeerDialog.caller(gateway, `sip:gateway@${server.sip.host}`);
  expect((await registration.ask('REGISTER', { headers: [['Expires', '60']] })).status).toBe(200);

  const { dialog: caller } = scene.dial();
  const { dialog: callee, invite } = await scene.pickUp();
  expect(invite.uri).toBe(gateway.contact);
  caller.acknowledge(await scene.caller.response(caller.callId, 'INVITE', 200));
  await gateway.request('ACK');
  await scene.caller.until('the legs are joined', () => scene.bridged[0]);
  caller.send('BYE');
  gateway.reply(await gateway.request('BYE'), { status: 200 });
  expect(callee.callId).not.toBe(caller.callId);
});

it('reaches a gateway over its TCP connection by a route to where that came from', async () => {
  scene = await Scene.open(server, 'tcp');
  const gateway = behindNat(scene.callee);
  app = await connectApp(server, (srf) =>
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
  const { dialog: caller } = scene.dial();
  await scene.pickUp({ body: answer });
  caller.acknowledge(await scene.caller.response(caller.callId, 'INVITE', 200));
  await gateway.request('ACK');
  expect(await caller.ask('BYE')).toMatchObject({ status: 200 });
  gateway.reply(await gateway.request('BYE'), { status: 200 });
});

it('sends within a call by the proxies that recorded themselves', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) => scene.bridge(srf));
  const route = `<sip:127.0.0.1:${scene.caller.port};lr>`;
  const { dialog: caller } = scene.dial({
    headers: [...sdp, ['Record-Route', route], ['Record-Route', '<sip:second.example.test;lr>']],
    body: offer,
  });
  scene.caller.host = privateHost;
  const { dialog: callee } = await scene.pickUp();
  const answered = await scene.caller.response(caller.callId, 'INVITE', 200);
  expect(answered.headers.getAll('record-route').join()).toContain(route);
  caller.acknowledge(answered);
  await scene.callee.request('ACK');
  await scene.caller.until('the legs are joined', () => scene.bridged[0]);
  callee.send('BYE');
  const bye = await scene.caller.request('BYE');
  expect(bye.headers.getAll('route').join()).toMatch(
    /^<sip:127\.0\.0\.1:\d+;lr>,\s?<sip:second\.example\.test;lr>$/,
  );
  scene.caller.reply(bye, { status: 200 });
});
