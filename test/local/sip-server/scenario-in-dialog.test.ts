import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Dialog, DialogRequestEvent } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer, Scene, sdp } from './support/call.ts';
import { contactUri, type PeerDialog } from './support/peer.ts';
import { type App, connectApp, startUnderTest, type UnderTest } from './support/under-test.ts';

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

const forwarded: readonly [event: DialogRequestEvent, method: string, contentType: string, body: string][] = [
  ['info', 'INFO', 'application/media_control+xml', '<picture_fast_update/>'],
  ['message', 'MESSAGE', 'text/plain;charset=utf-8', 'grüße \u{1F600}\r\n\r\nand an empty line'],
  ['options', 'OPTIONS', 'text/plain', ''],
  ['update', 'UPDATE', 'application/sdp', offer],
  ['refer', 'REFER', 'text/plain', ''],
  ['notify', 'NOTIFY', 'message/sipfrag', 'SIP/2.0 200 OK\r\n'],
];

/** Passes the requests of one leg to the other, and the answer back. */
function pass(from: Dialog, to: Dialog): void {
  for (const [event, method] of forwarded) {
    from.on(
      event,
      unawaited(async (request, response) => {
        const headers: Record<string, string> = {};
        for (const name of ['content-type', 'refer-to', 'event', 'subscription-state']) {
          const value = request.get(name);
          if (value !== undefined) headers[name] = value;
        }
        const answered = await to.request({ method, headers, body: request.body ?? '' });
        const type = answered.get('content-type');
        response.send(answered.status, {
          ...(type ? { headers: { 'content-type': type } } : {}),
          ...(answered.body ? { body: answered.body } : {}),
        });
      }),
    );
  }
  from.on('modify', (request, response) => {
    to.request({ method: 'INVITE', headers: { 'content-type': 'application/sdp' }, body: request.body ?? '' })
      .then((answered) => response.send(answered.status, answered.body ? { body: answered.body } : {}))
      .catch(() => response.send(500));
  });
}

async function openCall(protocol: 'udp' | 'tcp') {
  scene = await Scene.open(server, protocol);
  app = await connectApp(server, (srf) => {
    scene.bridge(srf);
  });
  const call = await scene.establish();
  const [uas, uac] = scene.legs as [Dialog, Dialog];
  pass(uas, uac);
  pass(uac, uas);
  return call;
}

/** Both directions: who asks, who answers. */
function sides(call: { caller: PeerDialog; callee: PeerDialog }): [PeerDialog, PeerDialog][] {
  return [
    [call.caller, call.callee],
    [call.callee, call.caller],
  ];
}

describe.each(['udp', 'tcp'] as const)('within a call over %s', (protocol) => {
  it.each(forwarded)(
    '%s passes both ways with its body and the answer',
    async (_event, method, type, body) => {
      const call = await openCall(protocol);
      for (const [asking, answering] of sides(call)) {
        asking.send(method, {
          headers: [
            ['Content-Type', type],
            ['Refer-To', '<sip:other@example.test>'],
            ['Event', 'refer'],
            ['Subscription-State', 'active;expires=60'],
          ],
          body,
        });
        const request = await answering.peer.request(method);
        expect(request.body.toString()).toBe(body);
        expect(request.headers.get('call-id')).toBe(answering.callId);
        expect(request.uri).toBe(answering.peer.contact);
        expect(request.headers.get('refer-to')).toBe('<sip:other@example.test>');
        answering.peer.reply(request, {
          status: 200,
          headers: [
            ['Content-Type', 'text/plain'],
            ['Contact', `<${answering.peer.contact}>`],
          ],
          body: 'ja \u20ac',
        });
        const answered = await asking.peer.response(asking.callId, method);
        expect(answered.status).toBe(200);
        expect(answered.body.toString()).toBe('ja \u20ac');
      }
    },
  );

  it('a re-INVITE passes both ways, each with its ACK', async () => {
    const call = await openCall(protocol);
    for (const [asking, answering] of sides(call)) {
      const changed = offer.replace('m=audio', 'm=video 6000 RTP/AVP 96\r\nm=audio');
      asking.send('INVITE', { headers: sdp, body: changed });
      const request = await answering.peer.request('INVITE');
      expect(request.body.toString()).toBe(changed);
      expect(contactUri(request)).toContain(`:${server.sip.port}`);
      answering.peer.reply(request, {
        status: 200,
        headers: [['Contact', `<${answering.peer.contact}>`], ...sdp],
        body: answer,
      });
      const answered = await asking.peer.response(asking.callId, 'INVITE', 200);
      expect(answered.body.toString()).toBe(answer);
      expect(contactUri(answered)).toContain(`:${server.sip.port}`);
      asking.acknowledge(answered);
      const ack = await answering.peer.request('ACK');
      expect(Number.parseInt(ack.headers.get('cseq') as string, 10)).toBe(
        Number.parseInt(request.headers.get('cseq') as string, 10),
      );
    }
  });

  it('a refused re-INVITE leaves the call as it was', async () => {
    const { caller, callee } = await openCall(protocol);
    const again = caller.send('INVITE', { headers: sdp, body: offer.replace('4000', '4444') });
    callee.peer.reply(await callee.peer.request('INVITE'), { status: 488 });
    await callee.peer.request('ACK');
    const refused = await caller.peer.response(caller.callId, 'INVITE');
    expect(refused.status).toBe(488);
    caller.refuse(again, refused);
    expect((await caller.ask('BYE')).status).toBe(200);
    await callee.peer.request('BYE');
  });

  it('requests count up, and go to the Contact that the peer named last', async () => {
    const { caller, callee } = await openCall(protocol);
    const numbers: number[] = [];
    for (const _ of [1, 2, 3]) {
      caller.send('INFO', { headers: [['Content-Type', 'text/plain']], body: 'x' });
      const info = await callee.peer.request('INFO');
      numbers.push(Number.parseInt(info.headers.get('cseq') as string, 10));
      callee.peer.reply(info, { status: 200 });
      await caller.peer.response(caller.callId, 'INFO');
    }
    const [first = 0] = numbers;
    expect(numbers).toEqual([first, first + 1, first + 2]);
  });
});

it('answers 481 within a dialog that it does not know', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) => srf.invite((_request, response) => response.send(486)));
  for (const method of ['BYE', 'INVITE', 'UPDATE']) {
    const dialog = scene.outside();
    dialog.remote += ';tag=unknown';
    expect((await dialog.ask(method)).status, method).toBe(481);
  }
});

it('says ENODIALOG to an application that sends within a dialog that is over', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, () => {});
  const { srf } = app;
  const failure = await new Promise<(Error & { code?: string }) | null>((resolve) => {
    srf.request('sip:placeholder', { method: 'BYE', stackDialogId: 'no-call;from-tag=none' }, resolve);
  });
  expect(failure?.code).toBe('ENODIALOG');
});

it('refuses a session interval below 90 s with 422, and agrees to one that names its refresher', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) =>
    srf.invite((request, response) => void srf.createUAS(request, response, { localSdp: answer })),
  );
  const { dialog } = scene.dial({ headers: [...sdp, ['Session-Expires', '120;refresher=uac']], body: offer });
  const answered = await scene.caller.response(dialog.callId, 'INVITE', 200);
  expect(answered.headers.get('session-expires')).toBe('120;refresher=uac');
  dialog.acknowledge(answered);
  await eventually(async () => {
    const again = dialog.send('INVITE', { headers: [...sdp, ['Session-Expires', '60']], body: offer });
    const refused = await scene.caller.response(dialog.callId, 'INVITE');
    dialog.refuse(again, refused);
    expect(refused.status).toBe(422);
    expect(refused.headers.get('min-se')).toBe('90');
  });
});
