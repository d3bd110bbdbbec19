import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer, Scene, sdp } from './support/call.ts';
import { type App, connectApp, startUnderTest, type UnderTest } from './support/under-test.ts';

/*
 * Session timers of 90 s and more, which the server runs by itself. The embedded server's seconds are short in tests;
 * the same was measured of a real drachtio (refresh after half the time, BYE after all of it).
 */

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

async function call(sessionExpires: string) {
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
  const { dialog } = scene.dial({ headers: [...sdp, ['Session-Expires', sessionExpires]], body: offer });
  const answered = await scene.caller.response(dialog.callId, 'INVITE', 200);
  dialog.acknowledge(answered);
  return { dialog, answered, reasons };
}

it.runIf(!process.env.DRACHTIO)(
  'refreshes a session whose refresher it is, with its last description',
  async () => {
    const { answered } = await call('90;refresher=uas');
    expect(answered.headers.get('session-expires')).toBe('90;refresher=uas');
    for (const _ of ['once', 'and again']) {
      const refresh = await scene.caller.request('INVITE');
      expect(refresh.headers.get('session-expires')).toMatch(/^90;\s?refresher=uac$/);
      expect(refresh.body.toString()).toBe(answer);
      const headers = [
        ['Contact', `<${scene.caller.contact}>`],
        ['Session-Expires', '90;refresher=uac'],
        ...sdp,
      ] as const;
      scene.caller.reply(refresh, { status: 200, headers, body: offer });
      await scene.caller.request('ACK');
    }
  },
);

it.runIf(!process.env.DRACHTIO)(
  'ends a session that its peer lets lapse, and tells the application',
  async () => {
    const { reasons } = await call('90;refresher=uac');
    const bye = await scene.caller.request('BYE');
    expect(bye.headers.get('reason')).toContain('Session timer expired');
    scene.caller.reply(bye, { status: 200 });
    await scene.caller.until('the application hears', () => reasons[0]);
    expect(reasons).toEqual(['Session timer expired']);
  },
);

it.runIf(!process.env.DRACHTIO)('ends a session whose refresh is refused', async () => {
  await call('90;refresher=uas');
  scene.caller.reply(await scene.caller.request('INVITE'), { status: 481 });
  await scene.caller.request('ACK');
  const bye = await scene.caller.request('BYE');
  expect(bye.uri).toBe(scene.caller.contact);
  scene.caller.reply(bye, { status: 200 });
});

it('runs no timer where the offer names no refresher', async () => {
  const { answered, dialog } = await call('1800');
  expect(answered.headers.has('session-expires')).toBe(false);
  expect((await dialog.ask('BYE')).status).toBe(200);
});
