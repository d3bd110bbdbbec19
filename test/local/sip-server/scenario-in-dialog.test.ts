import { describe, expect, it } from 'vitest';
import { contactUri } from '../../../sip/dialog.ts';
import type { Dialog, DialogRequestEvent } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import type { SipDialog } from '../../support/sip-peer/dialog.ts';
import type { SipPeer } from '../../support/sip-peer/peer.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer } from './support/call.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();

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
  const scene = await suite.scene(protocol);
  await suite.connect((srf) => {
    scene.bridge(srf);
  });
  const call = await scene.establish();
  const [uas, uac] = scene.legs as [Dialog, Dialog];
  pass(uas, uac);
  pass(uac, uas);
  return { scene, call };
}

interface Side {
  peer: SipPeer;
  dialog: SipDialog;
}

/** Both directions of a call: who asks, who answers. */
async function openSides(protocol: 'udp' | 'tcp'): Promise<[asking: Side, answering: Side][]> {
  const { scene, call } = await openCall(protocol);
  const caller = { peer: scene.caller, dialog: call.caller };
  const callee = { peer: scene.callee, dialog: call.callee };
  return [
    [caller, callee],
    [callee, caller],
  ];
}

describe.each(['udp', 'tcp'] as const)('within a call over %s', (protocol) => {
  it.each(forwarded)(
    '%s passes both ways with its body and the answer',
    async (_event, method, type, body) => {
      for (const [asking, answering] of await openSides(protocol)) {
        const asked = asking.dialog.ask(method, {
          headers: {
            'Content-Type': type,
            'Refer-To': '<sip:other@example.test>',
            Event: 'refer',
            'Subscription-State': 'active;expires=60',
          },
          body,
        });
        const request = await answering.peer.incoming(method);
        expect(request.body.toString()).toBe(body);
        expect(request.header('call-id')).toBe(answering.dialog.callId);
        expect(request.uri).toBe(answering.peer.contact);
        expect(request.header('refer-to')).toBe('<sip:other@example.test>');
        request.reply(200, { contentType: 'text/plain', body: 'ja \u20ac' });
        const answered = await asked;
        expect(answered.status).toBe(200);
        expect(answered.body.toString()).toBe('ja \u20ac');
      }
    },
  );

  it('a re-INVITE passes both ways, each with its ACK', async () => {
    for (const [asking, answering] of await openSides(protocol)) {
      const changed = offer.replace('m=audio', 'm=video 6000 RTP/AVP 96\r\nm=audio');
      const asked = asking.dialog.ask('INVITE', { body: changed });
      const request = await answering.peer.incoming('INVITE');
      expect(request.body.toString()).toBe(changed);
      expect(contactUri(request.headers)).toContain(`:${suite.server.sip.port}`);
      request.reply(200, { body: answer });
      const answered = await asked;
      expect(answered.status).toBe(200);
      expect(answered.body.toString()).toBe(answer);
      expect(contactUri(answered.headers)).toContain(`:${suite.server.sip.port}`);
      const ack = await answering.peer.request('ACK');
      expect(ack.cseq).toBe(request.cseq);
    }
  });

  it('a refused re-INVITE leaves the call as it was', async () => {
    const { scene, call } = await openCall(protocol);
    const asked = call.caller.ask('INVITE', { body: offer.replace('4000', '4444') });
    (await scene.callee.incoming('INVITE')).reply(488);
    await scene.callee.request('ACK');
    expect((await asked).status).toBe(488);
    expect((await call.caller.bye()).status).toBe(200);
    await scene.callee.incoming('BYE');
  });

  it('requests count up', async () => {
    const { scene, call } = await openCall(protocol);
    const numbers: number[] = [];
    for (const _ of [1, 2, 3]) {
      const asked = call.caller.ask('INFO', { contentType: 'text/plain', body: 'x' });
      const info = await scene.callee.incoming('INFO');
      numbers.push(info.cseq);
      info.reply(200);
      await asked;
    }
    const [first = 0] = numbers;
    expect(numbers).toEqual([first, first + 1, first + 2]);
  });
});

it.each(['INVITE', 'UPDATE'])(
  'goes by UDP to the Contact that the last %s named, wherever it came from',
  async (method) => {
    const { scene, call } = await openCall('udp');
    const moved = (await suite.scene('udp')).caller;
    const asked = call.caller.ask(method, { headers: { Contact: `<${moved.contact}>` }, body: offer });
    (await scene.callee.incoming(method)).reply(200, { body: answer });
    expect((await asked).status).toBe(200);
    const told = call.callee.ask('INFO', { contentType: 'text/plain', body: 'x' });
    const info = await moved.incoming('INFO');
    expect(info.uri).toBe(moved.contact);
    info.reply(200);
    expect((await told).status).toBe(200);
  },
);

it('answers 481 within a dialog that it does not know', async () => {
  const scene = await suite.scene('udp');
  await suite.connect((srf) => srf.invite((_request, response) => response.send(486)));
  for (const method of ['BYE', 'INVITE', 'UPDATE']) {
    const dialog = scene.outside();
    dialog.remote += ';tag=unknown';
    expect((await dialog.ask(method)).status, method).toBe(481);
  }
});

it('says ENODIALOG to an application that sends within a dialog that is over', async () => {
  const { srf } = await suite.connect();
  const failure = await new Promise<(Error & { code?: string }) | null>((resolve) => {
    srf.request('sip:placeholder', { method: 'BYE', stackDialogId: 'no-call;from-tag=none' }, resolve);
  });
  expect(failure?.code).toBe('ENODIALOG');
});

it('refuses a session interval below 90 s with 422, and agrees to one that names its refresher', async () => {
  const scene = await suite.scene('udp');
  await suite.connect((srf) =>
    srf.invite((request, response) => void srf.createUAS(request, response, { localSdp: answer })),
  );
  const call = scene.dial({ headers: { 'Session-Expires': '120;refresher=uac' }, body: offer });
  const answered = await call.established();
  expect(answered.header('session-expires')).toBe('120;refresher=uac');
  await eventually(async () => {
    const refused = await call.dialog.ask('INVITE', { headers: { 'Session-Expires': '60' }, body: offer });
    expect(refused.status).toBe(422);
    expect(refused.header('min-se')).toBe('90');
  });
});
