import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Srf } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer, Scene } from './support/call.ts';
import { type App, connectApp, startUnderTest, type UnderTest } from './support/under-test.ts';

/* Packets that are lost, and come again. */

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

it('shows the application a repeated INVITE once, and answers each', async () => {
  scene = await Scene.open(server, 'udp');
  const seen = vi.fn();
  app = await connectApp(server, (srf) =>
    srf.invite((_request, response) => {
      seen();
      response.send(180);
    }),
  );
  const { dialog, invite } = scene.dial();
  await scene.caller.response(dialog.callId, 'INVITE', 180);
  scene.caller.send(invite);
  await scene.caller.response(dialog.callId, 'INVITE', 180);
  expect(seen).toHaveBeenCalledOnce();
});

it('gives a repeated REGISTER, OPTIONS or BYE its answer again, without asking the application', async () => {
  scene = await Scene.open(server, 'udp');
  const seen: string[] = [];
  app = await connectApp(server, (srf) => {
    srf.register((request, response) => {
      seen.push(request.method);
      response.send(200, { headers: { Contact: request.get('contact') ?? '', Expires: '60' } });
    });
    srf.options((request, response) => {
      seen.push(request.method);
      response.send(200);
    });
    scene.bridge(srf);
  });
  for (const method of ['REGISTER', 'OPTIONS']) {
    const dialog = scene.outside();
    const request = dialog.send(method);
    const first = await scene.caller.response(dialog.callId, method);
    scene.caller.send(request);
    expect(await scene.caller.response(dialog.callId, method)).toEqual(first);
  }
  expect(seen).toEqual(['REGISTER', 'OPTIONS']);

  const { caller, callee } = await scene.establish();
  const bye = caller.send('BYE');
  expect((await scene.caller.response(caller.callId, 'BYE')).status).toBe(200);
  scene.caller.send(bye);
  expect((await scene.caller.response(caller.callId, 'BYE')).status).toBe(200);
  callee.peer.reply(await callee.peer.request('BYE'), { status: 200 });
});

it('repeats a refusal until its ACK', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) => srf.invite((_request, response) => response.send(486)));
  const { dialog, invite } = scene.dial();
  await scene.caller.response(dialog.callId, 'INVITE', 486);
  const again = await scene.caller.response(dialog.callId, 'INVITE', 486);
  dialog.refuse(invite, again);
  const sofar = scene.caller.count('486 INVITE');
  // Had the ACK not counted, the next would come within 4*T1.
  await scene.caller.until('silence has lasted', after(8 * server.t1Ms));
  expect(scene.caller.count('486 INVITE')).toBeLessThanOrEqual(sofar + 1);
});

it('repeats a request within a call until its answer', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) => scene.bridge(srf));
  const { caller, callee } = await scene.establish();
  caller.send('BYE');
  await callee.peer.request('BYE');
  const again = await callee.peer.request('BYE');
  expect(again.headers.get('call-id')).toBe(callee.callId);
  callee.peer.reply(again, { status: 200 });
});

it('repeats its 200 until the ACK, then hangs up and tells the application', async () => {
  scene = await Scene.open(server, 'udp');
  const reasons: string[] = [];
  app = await connectApp(server, (srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const uas = await srf.createUAS(request, response, { localSdp: answer });
        uas.on('destroy', (_bye, reason) => reasons.push(reason));
      }),
    ),
  );
  const before = server.counts?.().dialogs ?? 0;
  const { dialog } = scene.dial();
  const answered = await scene.caller.response(dialog.callId, 'INVITE', 200);
  const bye = await scene.caller.until(
    'BYE comes',
    () => scene.caller.received.find((message) => message.kind === 'request' && message.method === 'BYE'),
    70 * server.t1Ms,
  );
  // After T1, 2*T1, 4*T1, then every T2 = 8*T1, for 64*T1.
  expect(scene.caller.count('200 INVITE')).toBeGreaterThanOrEqual(8);
  expect(bye.headers.get('to')).toBe(dialog.local);
  expect(bye.headers.get('from')).toBe(answered.headers.get('to'));
  expect(bye.headers.get('reason')).toContain('ACK timeout');
  await eventually(() => expect(reasons).toEqual(['ACK timeout']));
  if (bye.kind === 'request') scene.caller.reply(bye, { status: 200 });
  await eventually(() => expect(server.counts?.().dialogs ?? 0).toBeLessThanOrEqual(before));
});

it('stops repeating its 200 at the ACK', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, (srf) =>
    srf.invite((request, response) => void srf.createUAS(request, response, { localSdp: answer })),
  );
  const { dialog } = scene.dial({ headers: [['Content-Type', 'application/sdp']], body: offer });
  await scene.caller.response(dialog.callId, 'INVITE', 200);
  dialog.acknowledge(await scene.caller.response(dialog.callId, 'INVITE', 200));
  const sofar = scene.caller.count('200 INVITE');
  await scene.caller.until('silence has lasted', after(10 * server.t1Ms));
  expect(scene.caller.count('200 INVITE')).toBeLessThanOrEqual(sofar + 1);
});

it.runIf(!process.env.DRACHTIO)(
  'tells the application where the connection of a caller is gone before its answer',
  async () => {
    scene = await Scene.open(server, 'tcp');
    let failed: unknown;
    app = await connectApp(server, (srf) =>
      srf.invite(
        unawaited(async (request, response) => {
          response.send(180);
          // The server has seen it close when a request to that port finds nobody.
          await eventually(async () => expect(await statusOf(srf, scene.caller.contact)).toBe(503));
          failed = await srf.createUAS(request, response, { localSdp: answer }).catch((error) => error);
        }),
      ),
    );
    const { dialog } = scene.dial();
    await scene.caller.response(dialog.callId, 'INVITE', 180);
    await scene.caller.close();
    expect(await scene.callee.until('the application hears', () => failed)).toContain('closed');
  },
);

/** The final status of an OPTIONS. */
function statusOf(srf: Srf, uri: string): Promise<number> {
  return new Promise((resolve, reject) => {
    srf.request(uri, { method: 'OPTIONS' }, (error, request) =>
      error || !request ? reject(error) : request.on('response', ({ status }) => resolve(status)),
    );
  });
}

/** True from so many milliseconds on: for what must not come. */
function after(ms: number): () => true | undefined {
  const due = performance.now() + ms;
  return () => (performance.now() >= due ? true : undefined);
}
