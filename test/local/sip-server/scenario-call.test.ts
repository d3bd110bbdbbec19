import { beforeAll, describe, expect, it } from 'vitest';
import { contactUri } from '../../../sip/dialog.ts';
import { tagOf } from '../../../sip/name-addr.ts';
import type { Dialog } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer } from './support/call.ts';
import { Suite } from './support/suite.ts';

/* The unmodified drachtio-srf bridges calls; DRACHTIO in the environment puts a real drachtio in our place. */

const suite = new Suite();

beforeAll(() => {
  if (suite.server.kind === 'embedded')
    console.log('DRACHTIO is not set: scenarios run against the embedded SIP server only');
});

/** Waits until the embedded server holds no more dialogs than before. */
async function expectDialogs(before: number | undefined): Promise<void> {
  await eventually(() => expect(suite.server.counts?.().dialogs).toBe(before));
}

describe.each(['udp', 'tcp'] as const)('a call over %s', (protocol) => {
  it('gets 100 at once, passes both session descriptions byte for byte, and one ACK to each side', async () => {
    const { scene } = await suite.bridged(protocol);
    const call = scene.dial();
    await call.answer(100);
    const { invite } = await scene.pickUp();
    expect(invite.body).toEqual(Buffer.from(offer));
    const answered = await call.established();
    expect(answered.body).toEqual(Buffer.from(answer));
    expect(answered.header('content-type')).toBe('application/sdp');
    expect(contactUri(answered.headers)).toContain(`127.0.0.1:${suite.server.sip.port}`);
    const ack = await scene.callee.request('ACK');
    expect(ack.header('cseq')).toBe(`${invite.cseq} ACK`);
    expect(ack.uri).toBe(scene.callee.contact);
  });

  it('is its own dialog on each side: other Call-ID, tags and Via', async () => {
    const { scene } = await suite.bridged(protocol);
    const { caller, invite } = await scene.establish();
    expect(invite.header('call-id')).not.toBe(caller.callId);
    expect(invite.headers.getAll('via')).toHaveLength(1);
    expect(invite.header('max-forwards')).toBe('70');
    expect(contactUri(invite.headers)).toContain(`127.0.0.1:${suite.server.sip.port}`);
  });

  it('ends on both sides when the caller hangs up', async () => {
    const { scene } = await suite.bridged(protocol);
    const before = suite.server.counts?.().dialogs;
    const { caller } = await scene.establish();
    expect((await caller.ask('BYE')).status).toBe(200);
    const bye = await scene.callee.incoming('BYE');
    bye.reply(200);
    expect(bye.uri).toBe(scene.callee.contact);
    await expectDialogs(before);
  });

  it('ends on both sides when the callee hangs up', async () => {
    const { scene } = await suite.bridged(protocol);
    const before = suite.server.counts?.().dialogs;
    const { callee } = await scene.establish();
    expect((await callee.ask('BYE')).status).toBe(200);
    (await scene.caller.incoming('BYE')).reply(200);
    await expectDialogs(before);
  });

  it('passes a refusal with its status, and acknowledges it to the callee', async () => {
    const { scene } = await suite.bridged(protocol);
    const call = scene.dial();
    const request = await scene.callee.incoming('INVITE');
    request.reply(486);
    const ack = await scene.callee.request('ACK');
    expect(ack.header('to')).toContain(request.tag);
    expect(ack.header('via')).toBe(request.header('via'));
    expect((await call.refusal()).status).toBe(486);
  });

  it('with a late offer brings the caller the offer and the callee the answer in the ACK', async () => {
    const scene = await suite.scene(protocol);
    await suite.connect((srf) => {
      srf.invite(
        unawaited(async (request, response) => {
          const offered = await srf.createUAC(scene.callee.contact, { noAck: true });
          if (!('ack' in offered)) throw new Error('no late offer');
          const uas = await srf.createUAS(request, response, { localSdp: offered.sdp });
          uas.once('ack', (ack) => void offered.ack(ack.body ?? ''));
        }),
      );
    });
    const call = scene.dial({});
    const { invite } = await scene.pickUp({ body: offer });
    expect(invite.body).toHaveLength(0);
    const answered = await call.established({ body: answer });
    expect(answered.body).toEqual(Buffer.from(offer));
    expect((await scene.callee.request('ACK')).body).toEqual(Buffer.from(answer));
  });
});

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
    Subject: 'grüße',
  };
  await app.srf.request(scene.callee.contact, {
    method: 'MESSAGE',
    headers: { ...headers, 'Content-Type': 'text/plain' },
    body: 'ü',
  });
  const message = await scene.callee.request('MESSAGE');
  expect(message.header('from')).toMatch(/^"4-room, \\"Ann\\"" <sip:ann@127\.0\.0\.1:\d+>;tag=/);
  expect(message.header('to')).toBe('<sip:gw@example.test>');
  expect(message.header('x-room')).toBe('r;x=y');
  expect(message.header('subject')).toBe('grüße');
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

it('acknowledges again a 200 that the callee repeats', async () => {
  const { scene } = await suite.bridged('udp');
  const call = scene.dial();
  const { accepted } = await scene.pickUp();
  await scene.callee.request('ACK');
  scene.callee.send(accepted);
  await scene.callee.request('ACK');
  await call.established();
  expect(scene.caller.count('200 INVITE')).toBe(1);
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

it.runIf(!process.env.DRACHTIO)('leaves nothing behind of calls that are over', async () => {
  await eventually(() => expect(suite.server.counts?.().clientTransactions).toBe(0));
  const { dialogs } = suite.server.counts?.() ?? {};
  const { scene } = await suite.bridged('udp');
  for (const side of ['caller', 'callee', 'caller'] as const) {
    const call = await scene.establish();
    const other = side === 'caller' ? scene.callee : scene.caller;
    expect((await call[side].ask('BYE')).status).toBe(200);
    (await other.incoming('BYE')).reply(200);
  }
  const nothing = {
    dialogs,
    pendingRequests: 0,
    openRequests: 0,
    serverTransactions: 0,
    clientTransactions: 0,
  };
  await eventually(() => expect(suite.server.counts?.()).toEqual(nothing));
});
