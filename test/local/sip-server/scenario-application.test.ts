import { expect, it } from 'vitest';
import { tagOf } from '../../../sip/name-addr.ts';
import { headerOf } from '../../../sip/text.ts';
import type { Dialog } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { offer } from './support/call.ts';
import { Suite } from './support/suite.ts';

/* What an application on the unmodified drachtio-srf sees and may say. */

const suite = new Suite();

it('reads the sender of a request, and the address it was sent to, off the packet', async () => {
  const scene = await suite.scene('udp');
  const seen = new Promise<unknown[]>((resolve) => {
    void suite
      .connect((srf) => {
        srf.options((request, response) => {
          response.send(200);
          resolve([request.source_address, request.source_port, request.protocol, request.receivedOn]);
        });
      })
      .then(() => scene.outside().send('OPTIONS'));
  });
  const at = `127.0.0.1:${suite.server.sip.port}`;
  expect(await seen).toEqual(['127.0.0.1', scene.caller.port, 'udp', at]);
});

it('sends by the route that the application names, with the request URI as it is', async () => {
  const scene = await suite.scene('udp');
  const app = await suite.connect();
  const uri = 'sip:gateway@10.255.0.1:5070;transport=tcp';
  const route = `sip:127.0.0.1:${scene.callee.port};transport=udp`;
  await app.srf.request(uri, { method: 'OPTIONS', proxy: route });
  const options = await scene.callee.incoming('OPTIONS');
  expect(options.uri).toBe(uri);
  expect(options.headers.has('route')).toBe(false);
});

it('takes From, To and further headers from the application, and names itself for localhost', async () => {
  const scene = await suite.scene('udp');
  const app = await suite.connect();
  const headers = {
    From: '"4-room, \\"Ann\\"" <sip:ann@localhost>',
    To: '<sip:gw@example.test>',
    'X-Room': 'r;x=y',
    Subject: headerOf('grüße'),
  };
  await app.srf.request(scene.callee.contact, {
    method: 'MESSAGE',
    headers: { ...headers, 'Content-Type': 'text/plain' },
    body: headerOf('ü'),
  });
  const message = await scene.callee.request('MESSAGE');
  expect(message.header('from')).toMatch(/^"4-room, \\"Ann\\"" <sip:ann@127\.0\.0\.1:\d+>;tag=/);
  expect(message.header('to')).toBe('<sip:gw@example.test>');
  expect(message.header('x-room')).toBe('r;x=y');
  expect(message.header('subject')).toBe(headerOf('grüße'));
  expect(message.body.toString()).toBe('ü');
});

it('says 408, from no address, where nobody answers an INVITE', async () => {
  const scene = await suite.scene('udp');
  const app = await suite.connect();
  const { srf } = app;
  const refused = await srf.createUAC(scene.callee.contact, { localSdp: offer }).then(
    () => undefined,
    (error) => error,
  );
  expect(refused).toMatchObject({ status: 408, res: { source_address: '' } });
  // Timer A: after T1, then twice as long each time, until 64*T1. (drachtio leaves out the last.)
  expect(scene.callee.count('INVITE')).toBeGreaterThanOrEqual(6);
  expect(scene.callee.count('INVITE')).toBeLessThanOrEqual(7);
});

it.each(['udp', 'tcp'] as const)(
  'says 503, from no address, where nobody listens on a port of %s',
  async (protocol) => {
    const app = await suite.connect();
    const closed = await suite.scene('udp');
    const { port } = closed.callee;
    await closed.close();
    const refused = await app.srf
      .createUAC(`sip:gone@127.0.0.1:${port};transport=${protocol}`, { localSdp: offer })
      .then(
        () => undefined,
        (error) => error,
      );
    expect(refused).toMatchObject({ status: 503, res: { source_address: '' } });
  },
);

it('shows the application what rings, and not the 100 of a hop', async () => {
  const scene = await suite.scene('udp');
  const app = await suite.connect();
  const { srf } = app;
  const seen: number[] = [];
  const refused = srf
    .createUAC(
      scene.callee.contact,
      { localSdp: offer },
      { cbProvisional: ({ status }) => seen.push(status) },
    )
    .catch((error) => error);
  const invite = await scene.callee.incoming('INVITE');
  for (const status of [100, 180, 183, 404]) invite.reply(status);
  expect(await refused).toMatchObject({ status: 404 });
  expect(seen).toEqual([180, 183]);
});

it('gives two applications a call each in turn', async () => {
  const scene = await suite.scene('udp');
  const taken: string[] = [];
  const take = (name: string) =>
    suite.connect((srf) =>
      srf.invite((_request, response) => {
        taken.push(name);
        response.send(486);
      }),
    );
  await take('one');
  await take('two');
  for (const _ of [1, 2, 3, 4]) await scene.dial().refusal(486);
  expect(taken.toSorted()).toEqual(['one', 'one', 'two', 'two']);
});

it('tells each leg its dialog by Call-ID and the From tag of its INVITE', async () => {
  const scene = await suite.scene('udp');
  const legs: Dialog[] = [];
  await suite.connect((srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const uac = await srf.createUAC(scene.callee.contact, { localSdp: offer });
        legs.push(uac, await srf.createUAS(request, response, { localSdp: uac.remote.sdp }));
      }),
    ),
  );
  const { caller, invite } = await scene.establish();
  await eventually(() => expect(legs).toHaveLength(2));
  const [uac, uas] = legs;
  expect(uas?.id).toBe(`${caller.callId};from-tag=${tagOf(caller.local)}`);
  expect(uac?.id).toBe(`${invite.header('call-id')};from-tag=${tagOf(invite.header('from'))}`);
});
