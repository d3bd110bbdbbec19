import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { SrfRequest } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { answer, Scene } from './support/call.ts';
import { type App, connectApp, startUnderTest, type UnderTest } from './support/under-test.ts';

/* Applications that are not there, go, and come back. */

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

/** Sends within a dialog by its id alone. */
function byId(to: App, stackDialogId: string, method: string): Promise<SrfRequest> {
  return new Promise((resolve, reject) => {
    to.srf.request('sip:placeholder', { method, stackDialogId }, (error, request) =>
      error || !request ? reject(error) : resolve(request),
    );
  });
}

it('says 503 where no application takes the method', async () => {
  scene = await Scene.open(server, 'udp');
  for (const method of ['INVITE', 'REGISTER', 'OPTIONS', 'MESSAGE']) {
    const dialog = scene.outside();
    const request = dialog.send(method);
    const refused = await scene.caller.response(dialog.callId, method);
    expect(refused.status, method).toBe(503);
    if (method === 'INVITE') dialog.refuse(request, refused);
  }
});

it('answers 481 in a call whose application was killed, and forgets the call at BYE', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) => scene.bridge(srf));
  const { caller, callee } = await scene.establish();
  const [uas, uac] = scene.legs ?? [];
  app.kill();
  await eventually(async () => {
    const answered = await caller.ask('INFO', { headers: [['Content-Type', 'text/plain']], body: 'x' });
    expect(answered.status).toBe(481);
  });
  expect((await caller.ask('BYE')).status).toBe(481);
  app = await connectApp(server, () => {});
  await expect(byId(app, uas?.id ?? '', 'BYE')).rejects.toMatchObject({ code: 'ENODIALOG' });
  // The other leg is still there, and can be ended by its id.
  await byId(app, uac?.id ?? '', 'BYE');
  callee.peer.reply(await callee.peer.request('BYE'), { status: 200 });
});

it.each(['udp', 'tcp'] as const)(
  'another application ends both legs of a call over %s by their ids',
  async (protocol) => {
    scene = await Scene.open(server, protocol);
    app = await connectApp(server, (srf) => scene.bridge(srf));
    const { caller, callee } = await scene.establish();
    const ids = (scene.legs ?? []).map(({ id }) => id);
    app.kill();
    app = await connectApp(server, () => {});
    const answered: number[] = [];
    for (const id of ids) {
      const options = await byId(app, id, 'OPTIONS');
      options.on('response', (response) => answered.push(response.status));
    }
    for (const { peer } of [caller, callee]) peer.reply(await peer.request('OPTIONS'), { status: 200 });
    await eventually(() => expect(answered).toEqual([200, 200]));
    for (const id of ids) await byId(app, id, 'BYE');
    for (const { peer } of [caller, callee]) peer.reply(await peer.request('BYE'), { status: 200 });
    await eventually(() =>
      expect(byId(app as App, ids[0] ?? '', 'BYE')).rejects.toMatchObject({ code: 'ENODIALOG' }),
    );
  },
);

// A real drachtio leaves the caller ringing and the callee's 200 without an ACK: here the server ends both.
it.runIf(!process.env.DRACHTIO)('ends what was ringing for an application that is killed', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) => scene.bridge(srf));
  const { dialogs, pendingRequests } = server.counts?.() ?? {};
  const { dialog, invite } = scene.dial();
  const ringing = await scene.callee.request('INVITE');
  scene.callee.reply(ringing, { status: 180, toTag: 'callee' });
  app.kill();
  const refused = await scene.caller.response(dialog.callId, 'INVITE');
  expect(refused.status).toBe(503);
  dialog.refuse(invite, refused);
  const cancel = await scene.callee.request('CANCEL');
  scene.callee.reply(cancel, { status: 200 });
  // It had picked up meanwhile.
  const headers = [['Contact', `<${scene.callee.contact}>`]] as const;
  scene.callee.reply(ringing, { status: 200, toTag: 'callee', headers, body: answer });
  await scene.callee.request('ACK');
  scene.callee.reply(await scene.callee.request('BYE'), { status: 200 });
  await eventually(() => expect(server.counts?.()).toMatchObject({ dialogs, pendingRequests }));
});

it.runIf(!process.env.DRACHTIO)(
  'acknowledges a re-INVITE for an application that is gone, and the call goes on',
  async () => {
    scene = await Scene.open(server, 'udp');
    app = await connectApp(server, (srf) => scene.bridge(srf));
    const { callee } = await scene.establish();
    const id = scene.legs?.[1].id ?? '';
    app.srf.request('sip:placeholder', { method: 'INVITE', stackDialogId: id, body: answer }, () => {});
    const again = await callee.peer.request('INVITE');
    app.kill();
    app = await connectApp(server, () => {});
    callee.peer.reply(again, {
      status: 200,
      headers: [['Contact', `<${callee.peer.contact}>`]],
      body: answer,
    });
    await callee.peer.request('ACK');
    const options = await byId(app, id, 'OPTIONS');
    const answered = new Promise<number>((resolve) =>
      options.on('response', ({ status }) => resolve(status)),
    );
    callee.peer.reply(await callee.peer.request('OPTIONS'), { status: 200 });
    expect(await answered).toBe(200);
    expect(callee.peer.count('BYE')).toBe(0);
  },
);

it.runIf(!process.env.DRACHTIO)('answers 500 for an application that never answers', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) => srf.options(() => {}));
  const dialog = scene.outside();
  expect((await dialog.ask('OPTIONS')).status).toBe(500);
});
