import { expect, it } from 'vitest';
import { tagOf } from '../../../sip/name-addr.ts';
import { sendById } from '../../../sip-edge/drachtio/send-by-id.ts';
import type { SrfRequest } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { answer } from './support/call.ts';
import { Suite } from './support/suite.ts';
import type { App } from './support/under-test.ts';

/* Applications that are not there, go, and come back. */

const suite = new Suite();

/** Sends within a dialog by its id alone. */
function byId(to: App, stackDialogId: string, method: string): Promise<SrfRequest> {
  return new Promise((resolve, reject) => {
    to.srf.request('sip:placeholder', { method, stackDialogId }, (error, request) =>
      error || !request ? reject(error) : resolve(request),
    );
  });
}

it('says 503 where no application takes the method', async () => {
  const scene = await suite.scene('udp');
  for (const method of ['INVITE', 'REGISTER', 'OPTIONS', 'MESSAGE']) {
    const dialog = scene.outside();
    const request = dialog.send(method);
    const refused = await scene.caller.answer(request);
    expect(refused.status, method).toBe(503);
    if (method === 'INVITE') dialog.refuse(request, refused);
  }
});

it('answers 481 in a call whose application was killed, and forgets the call at BYE', async () => {
  const { scene, app } = await suite.bridged('udp');
  const { caller } = await scene.establish();
  const [uas, uac] = scene.legs ?? [];
  app.kill();
  await eventually(async () => {
    const answered = await caller.ask('INFO', { contentType: 'text/plain', body: 'x' });
    expect(answered.status).toBe(481);
  });
  expect((await caller.ask('BYE')).status).toBe(481);
  const next = await suite.connect();
  await expect(byId(next, uas?.id ?? '', 'BYE')).rejects.toMatchObject({ code: 'ENODIALOG' });
  // The other leg is still there, and can be ended by its id.
  await byId(next, uac?.id ?? '', 'BYE');
  (await scene.callee.incoming('BYE')).reply(200);
});

it.each(['udp', 'tcp'] as const)(
  'another application ends both legs of a call over %s by their ids',
  async (protocol) => {
    const { scene, app } = await suite.bridged(protocol);
    await scene.establish();
    const ids = (scene.legs ?? []).map(({ id }) => id);
    app.kill();
    const next = await suite.connect();
    const answered: number[] = [];
    for (const id of ids) {
      const options = await byId(next, id, 'OPTIONS');
      options.on('response', (response) => answered.push(response.status));
    }
    for (const peer of [scene.caller, scene.callee]) (await peer.incoming('OPTIONS')).reply(200);
    await eventually(() => expect(answered).toEqual([200, 200]));
    for (const id of ids) await byId(next, id, 'BYE');
    for (const peer of [scene.caller, scene.callee]) (await peer.incoming('BYE')).reply(200);
    await eventually(() =>
      expect(byId(next, ids[0] ?? '', 'BYE')).rejects.toMatchObject({ code: 'ENODIALOG' }),
    );
  },
);

it('lets ring what rang for an application that was killed, and another ends both legs by their ids', async () => {
  let asked: SrfRequest | undefined;
  const scene = await suite.scene('udp');
  const app = await suite.connect((srf) => {
    srf.use('invite', (request, _response, next) => {
      asked = request;
      next();
    });
    scene.bridge(srf);
  });
  const call = scene.dial();
  const ringing = await scene.callee.incoming('INVITE');
  ringing.reply(180);
  app.kill();
  const next = await suite.connect();
  ringing.reply(200, { body: answer });
  const stackDialogId = `${ringing.header('call-id')};from-tag=${tagOf(ringing.header('from'))}`;
  await eventually(async () => {
    sendById(next.srf, { stackDialogId }, 'ACK sip:placeholder SIP/2.0');
    await byId(next, stackDialogId, 'BYE');
  });
  await ringing.ack();
  (await scene.callee.incoming('BYE')).reply(200);
  sendById(next.srf, { stackTxnId: asked?.stackTxnId ?? '' }, 'SIP/2.0 503 Service Unavailable');
  expect((await call.refusal()).status).toBe(503);
});

it.runIf(!process.env.DRACHTIO)(
  'acknowledges a re-INVITE for an application that is gone, and the call goes on',
  async () => {
    const { scene, app } = await suite.bridged('udp');
    await scene.establish();
    const id = scene.legs?.[1].id ?? '';
    app.srf.request('sip:placeholder', { method: 'INVITE', stackDialogId: id, body: answer }, () => {});
    const again = await scene.callee.incoming('INVITE');
    app.kill();
    const next = await suite.connect();
    again.reply(200, { body: answer });
    await scene.callee.request('ACK');
    const options = await byId(next, id, 'OPTIONS');
    const answered = new Promise<number>((resolve) =>
      options.on('response', ({ status }) => resolve(status)),
    );
    (await scene.callee.incoming('OPTIONS')).reply(200);
    expect(await answered).toBe(200);
    expect(scene.callee.count('BYE')).toBe(0);
  },
);

it.runIf(!process.env.DRACHTIO)('answers 500 for an application that never answers a call', async () => {
  const scene = await suite.scene('udp');
  await suite.connect((srf) => srf.invite(() => {}));
  const call = scene.dial();
  expect((await call.refusal()).status).toBe(500);
});
