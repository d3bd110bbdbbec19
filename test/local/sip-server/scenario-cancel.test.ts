import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SrfRequest } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer, Scene } from './support/call.ts';
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

/** An application that rings the callee and passes the caller's CANCEL on. */
async function openRinging(protocol: 'udp' | 'tcp'): Promise<{ cancelled: () => number; late: unknown[] }> {
  scene = await Scene.open(server, protocol);
  let cancelled = 0;
  const late: unknown[] = [];
  app = await connectApp(server, (srf) =>
    srf.invite((request, response) => {
      let calling: SrfRequest | undefined;
      request.on('cancel', () => {
        cancelled++;
        calling?.cancel();
      });
      srf
        .createUAC(
          scene.callee.contact,
          { localSdp: offer },
          {
            cbRequest: (_error, sent) => {
              calling = sent;
            },
            cbProvisional: (provisional) => {
              if (provisional.status > 100) response.send(provisional.status);
            },
          },
        )
        .catch(() => response.send(487, (error) => late.push(error)));
    }),
  );
  return { cancelled: () => cancelled, late };
}

describe.each(['udp', 'tcp'] as const)('a caller over %s that gives up while it rings', (protocol) => {
  it('gets 200 and 487 at once, and the callee a CANCEL', async () => {
    const { cancelled, late } = await openRinging(protocol);
    const before = server.counts?.().dialogs;
    const { dialog, invite } = scene.dial();
    const ringing = await scene.callee.request('INVITE');
    scene.callee.reply(ringing, { status: 180, toTag: 'callee' });
    await scene.caller.response(dialog.callId, 'INVITE', 180);
    dialog.cancel(invite);
    expect((await scene.caller.response(dialog.callId, 'CANCEL')).status).toBe(200);
    const refused = await scene.caller.response(dialog.callId, 'INVITE');
    expect(refused.status).toBe(487);
    dialog.refuse(invite, refused);

    const cancel = await scene.callee.request('CANCEL');
    expect(cancel.headers.get('via')).toBe(ringing.headers.get('via'));
    expect(cancel.uri).toBe(ringing.uri);
    scene.callee.reply(cancel, { status: 200 });
    scene.callee.reply(ringing, { status: 487, toTag: 'callee' });
    await scene.callee.request('ACK');
    expect(cancelled()).toBe(1);
    // The application answers as well; the server has done that already.
    await eventually(() => expect(late).toEqual(['Response not sent due to unknown transaction']));
    await eventually(() => expect(server.counts?.().dialogs).toBe(before));
  });

  it('before the callee has answered anything: the CANCEL waits for its first answer', async () => {
    await openRinging(protocol);
    const { dialog, invite } = scene.dial();
    const silent = await scene.callee.request('INVITE');
    dialog.cancel(invite);
    expect((await scene.caller.response(dialog.callId, 'INVITE')).status).toBe(487);
    expect(scene.callee.count('CANCEL')).toBe(0);
    scene.callee.reply(silent, { status: 180, toTag: 'callee' });
    scene.callee.reply(await scene.callee.request('CANCEL'), { status: 200 });
    scene.callee.reply(silent, { status: 487, toTag: 'callee' });
    await scene.callee.request('ACK');
  });
});

it('acknowledges and ends a callee whose 200 crosses the CANCEL, and tells the application', async () => {
  scene = await Scene.open(server, 'udp');
  app = await connectApp(server, () => {});
  let sent: SrfRequest | undefined;
  const callbacks = {
    cbRequest: (_error: Error | null, request?: SrfRequest) => {
      sent = request;
    },
  };
  const destroyed = app.srf
    .createUAC(scene.callee.contact, { localSdp: offer }, callbacks)
    .then((dialog) => new Promise((resolve) => dialog.on('destroy', resolve)));
  const invite = await scene.callee.request('INVITE');
  scene.callee.reply(invite, { status: 180, toTag: 'callee' });
  await eventually(() => expect(sent).toBeDefined());
  sent?.cancel();
  const cancel = await scene.callee.request('CANCEL');
  scene.callee.reply(invite, {
    status: 200,
    toTag: 'callee',
    headers: [
      ['Contact', `<${scene.callee.contact}>`],
      ['Content-Type', 'application/sdp'],
    ],
    body: answer,
  });
  scene.callee.reply(cancel, { status: 481 });
  await scene.callee.request('ACK');
  const bye = await scene.callee.request('BYE');
  expect(bye.headers.get('reason')).toContain('ACK-BYE');
  scene.callee.reply(bye, { status: 200 });
  await destroyed;
});

it('goes on with a call whose CANCEL crosses its 200, until the caller hangs up', async () => {
  scene = await Scene.open(server, 'udp');
  const destroyed = vi.fn();
  const listening = vi.fn();
  app = await connectApp(server, (srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const uas = await srf.createUAS(request, response, { localSdp: answer });
        uas.on('destroy', destroyed);
        listening();
      }),
    ),
  );
  const { dialog, invite } = scene.dial();
  const answered = await scene.caller.response(dialog.callId, 'INVITE', 200);
  dialog.cancel(invite);
  // RFC 3261 9.2 has 200; drachtio says 481.
  expect([200, 481]).toContain((await scene.caller.response(dialog.callId, 'CANCEL')).status);
  dialog.acknowledge(answered);
  await eventually(() => expect(listening).toHaveBeenCalled());
  expect((await dialog.ask('BYE')).status).toBe(200);
  await eventually(() => expect(destroyed).toHaveBeenCalledOnce());
});

it('answers 481 to a CANCEL of nothing', async () => {
  scene = await Scene.open(server, 'udp');
  const dialog = scene.outside();
  const never = dialog.build('INVITE');
  dialog.cancel(never);
  expect((await scene.caller.response(dialog.callId, 'CANCEL')).status).toBe(481);
});
