import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Dialog } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer, Scene, sdp } from './support/call.ts';
import { contactUri, type Protocol, titleOf } from './support/peer.ts';
import { type App, connectApp, startUnderTest, type UnderTest } from './support/under-test.ts';

/* The unmodified drachtio-srf bridges calls; DRACHTIO in the environment puts a real drachtio in our place. */

let server: UnderTest;
let scene: Scene;
let app: App | undefined;

beforeAll(async () => {
  server = await startUnderTest();
  if (server.kind === 'embedded')
    console.log('DRACHTIO is not set: scenarios run against the embedded SIP server only');
});
afterAll(() => server.stop());
afterEach(async () => {
  app?.kill();
  app = undefined;
  await scene?.close();
});

async function open(protocol: Protocol): Promise<void> {
  scene = await Scene.open(server, protocol);
  app = await connectApp(server, (srf) => scene.bridge(srf));
}

/** Waits until the embedded server holds no more dialogs than before. */
async function expectDialogs(before: number | undefined): Promise<void> {
  await eventually(() => expect(server.counts?.().dialogs).toBe(before));
}

describe.each(['udp', 'tcp'] as const)('a call over %s', (protocol) => {
  it('gets 100 at once, passes both session descriptions byte for byte, and one ACK to each side', async () => {
    await open(protocol);
    const { dialog } = scene.dial();
    await scene.caller.response(dialog.callId, 'INVITE', 100);
    const { invite } = await scene.pickUp();
    expect(invite.body).toEqual(Buffer.from(offer));
    const answered = await scene.caller.response(dialog.callId, 'INVITE', 200);
    expect(answered.body).toEqual(Buffer.from(answer));
    expect(answered.headers.get('content-type')).toBe('application/sdp');
    expect(contactUri(answered)).toContain(`127.0.0.1:${server.sip.port}`);
    dialog.acknowledge(answered);
    const ack = await scene.callee.request('ACK');
    expect(ack.headers.get('cseq')).toBe(`${Number.parseInt(invite.headers.get('cseq') as string, 10)} ACK`);
    expect(ack.uri).toBe(scene.callee.contact);
  });

  it('is its own dialog on each side: other Call-ID, tags and Via', async () => {
    await open(protocol);
    const { caller, invite } = await scene.establish();
    expect(invite.headers.get('call-id')).not.toBe(caller.callId);
    expect(invite.headers.getAll('via')).toHaveLength(1);
    expect(invite.headers.get('max-forwards')).toBe('70');
    expect(contactUri(invite)).toContain(`127.0.0.1:${server.sip.port}`);
  });

  it('ends on both sides when the caller hangs up', async () => {
    await open(protocol);
    const before = server.counts?.().dialogs;
    const { caller } = await scene.establish();
    expect((await caller.ask('BYE')).status).toBe(200);
    const bye = await scene.callee.request('BYE');
    scene.callee.reply(bye, { status: 200 });
    expect(bye.uri).toBe(scene.callee.contact);
    await expectDialogs(before);
  });

  it('ends on both sides when the callee hangs up', async () => {
    await open(protocol);
    const before = server.counts?.().dialogs;
    const { callee } = await scene.establish();
    expect((await callee.ask('BYE')).status).toBe(200);
    scene.caller.reply(await scene.caller.request('BYE'), { status: 200 });
    await expectDialogs(before);
  });

  it('passes a refusal with its status, and acknowledges it to the callee', async () => {
    await open(protocol);
    const { dialog, invite } = scene.dial();
    const request = await scene.callee.request('INVITE');
    scene.callee.reply(request, { status: 486, toTag: 'busy' });
    const ack = await scene.callee.request('ACK');
    expect(ack.headers.get('to')).toContain('busy');
    expect(ack.headers.get('via')).toBe(request.headers.get('via'));
    const refused = await scene.caller.response(dialog.callId, 'INVITE');
    expect(refused.status).toBe(486);
    dialog.refuse(invite, refused);
  });

  it('with a late offer brings the caller the offer and the callee the answer in the ACK', async () => {
    scene = await Scene.open(server, protocol);
    app = await connectApp(server, (srf) => {
      srf.invite(
        unawaited(async (request, response) => {
          const offered = await srf.createUAC(scene.callee.contact, { noAck: true });
          if (!('ack' in offered)) throw new Error('no late offer');
          const uas = await srf.createUAS(request, response, { localSdp: offered.sdp });
          uas.once('ack', (ack) => void offered.ack(ack.body ?? ''));
        }),
      );
    });
    const { dialog } = scene.dial({});
    const { invite } = await scene.pickUp({ body: offer });
    expect(invite.body).toHaveLength(0);
    const answered = await scene.caller.response(dialog.callId, 'INVITE', 200);
    expect(answered.body).toEqual(Buffer.from(offer));
    dialog.acknowledge(answered, { headers: sdp, body: answer });
    expect((await scene.callee.request('ACK')).body).toEqual(Buffer.from(answer));
  });
});

it('reads the sender of a request, and the address it was sent to, off the packet', async () => {
  scene = await Scene.open(server, 'udp');
  const seen = new Promise<unknown[]>((resolve) => {
    void connectApp(server, (srf) => {
      srf.options((request, response) => {
        response.send(200);
        resolve([request.source_address, request.source_port, request.protocol, request.receivedOn]);
      });
    }).then((connected) => {
      app = connected;
      scene.caller.send(scene.outside().build('OPTIONS'));
    });
  });
  const at = `127.0.0.1:${server.sip.port}`;
  expect(await seen).toEqual(['127.0.0.1', scene.caller.port, 'udp', at]);
});

it('sends by the route that the application names, with the request URI as it is', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, () => {});
  const uri = 'sip:gateway@10.255.0.1:5070;transport=tcp';
  const route = `sip:127.0.0.1:${scene.callee.port};transport=udp`;
  await app.srf.request(uri, { method: 'OPTIONS', proxy: route });
  const options = await scene.callee.request('OPTIONS');
  expect(options.uri).toBe(uri);
  expect(options.headers.has('route')).toBe(false);
});

it('takes From, To and further headers from the application, and names itself for localhost', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, () => {});
  const headers = {
    From: '"4-room, \\"Ann\\"" <sip:ann@localhost>',
    To: '<sip:gw@example.test>',
    'X-Room': 'r;x=y',
    Subject: 'grüße',
  };
  await app.srf.request(scene.callee.contact, {
    method: 'MESSAGE',
    headers: { ...headers, 'Content-Type': 'text/plain' },
    body: 'ü',
  });
  const message = await scene.callee.request('MESSAGE');
  expect(message.headers.get('from')).toMatch(/^"4-room, \\"Ann\\"" <sip:ann@127\.0\.0\.1:\d+>;tag=/);
  expect(message.headers.get('to')).toBe('<sip:gw@example.test>');
  expect(message.headers.get('x-room')).toBe('r;x=y');
  expect(message.headers.get('subject')).toBe('grüße');
  expect(message.body.toString()).toBe('ü');
});

it('says 408, from no address, where nobody answers an INVITE', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, () => {});
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
    scene = await Scene.open(server, protocol);
    app = await connectApp(server, () => {});
    const closed = await Scene.open(server, 'udp');
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
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, () => {});
  const { srf } = app;
  const seen: number[] = [];
  const refused = srf
    .createUAC(
      scene.callee.contact,
      { localSdp: offer },
      { cbProvisional: ({ status }) => seen.push(status) },
    )
    .catch((error) => error);
  const invite = await scene.callee.request('INVITE');
  for (const status of [100, 180, 183, 404]) scene.callee.reply(invite, { status, toTag: 'callee' });
  expect(await refused).toMatchObject({ status: 404 });
  expect(seen).toEqual([180, 183]);
});

it('acknowledges again a 200 that the callee repeats', async () => {
  await open('udp');
  const { dialog } = scene.dial();
  const { accepted } = await scene.pickUp();
  await scene.callee.request('ACK');
  scene.callee.send(accepted);
  await scene.callee.request('ACK');
  dialog.acknowledge(await scene.caller.response(dialog.callId, 'INVITE', 200));
  expect(scene.caller.received.map(titleOf).filter((title) => title === '200 INVITE')).toHaveLength(1);
});

it('gives two applications a call each in turn', async () => {
  scene = await Scene.open(server, 'udp');
  const taken: string[] = [];
  const take = (name: string) =>
    connectApp(server, (srf) =>
      srf.invite((_request, response) => {
        taken.push(name);
        response.send(486);
      }),
    );
  app = await take('one');
  const other = await take('two');
  for (const _ of [1, 2, 3, 4]) {
    const { dialog, invite } = scene.dial();
    dialog.refuse(invite, await scene.caller.response(dialog.callId, 'INVITE', 486));
  }
  other.kill();
  expect(taken.toSorted()).toEqual(['one', 'one', 'two', 'two']);
});

it('tells each leg its dialog by Call-ID and the From tag of its INVITE', async () => {
  scene = await Scene.open(server, 'udp');
  const legs: Dialog[] = [];
  app = await connectApp(server, (srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const uac = await srf.createUAC(scene.callee.contact, { localSdp: offer });
        legs.push(uac, await srf.createUAS(request, response, { localSdp: uac.remote.sdp }));
      }),
    ),
  );
  const { caller, invite } = await scene.establish();
  const tagOf = (value: string | undefined) => /;tag=([^;]+)/.exec(value ?? '')?.[1];
  await eventually(() => expect(legs).toHaveLength(2));
  const [uac, uas] = legs;
  expect(uas?.id).toBe(`${caller.callId};from-tag=${tagOf(caller.local)}`);
  expect(uac?.id).toBe(`${invite.headers.get('call-id')};from-tag=${tagOf(invite.headers.get('from'))}`);
});

it.runIf(!process.env.DRACHTIO)('leaves nothing behind of calls that are over', async () => {
  await eventually(() => expect(server.counts?.().clientTransactions).toBe(0));
  const { dialogs } = server.counts?.() ?? {};
  await open('udp');
  for (const side of ['caller', 'callee', 'caller'] as const) {
    const call = await scene.establish();
    const other = side === 'caller' ? call.callee : call.caller;
    expect((await call[side].ask('BYE')).status).toBe(200);
    other.peer.reply(await other.peer.request('BYE'), { status: 200 });
  }
  const nothing = {
    dialogs,
    pendingRequests: 0,
    openRequests: 0,
    serverTransactions: 0,
    clientTransactions: 0,
  };
  await eventually(() => expect(server.counts?.()).toEqual(nothing));
});
