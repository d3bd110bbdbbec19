import { describe, expect, it, vi } from 'vitest';
import type { SrfRequest } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer, type Scene } from './support/call.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();

/** An application that rings the callee and passes the caller's CANCEL on. */
async function openRinging(
  protocol: 'udp' | 'tcp',
): Promise<{ scene: Scene; cancelled: () => number; late: unknown[] }> {
  const scene = await suite.scene(protocol);
  let cancelled = 0;
  const late: unknown[] = [];
  await suite.connect((srf) =>
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
  return { scene, cancelled: () => cancelled, late };
}

describe.each(['udp', 'tcp'] as const)('a caller over %s that gives up while it rings', (protocol) => {
  it('gets 200 and 487 at once, and the callee a CANCEL', async () => {
    const { scene, cancelled, late } = await openRinging(protocol);
    const before = suite.server.counts?.().dialogs;
    const call = scene.dial();
    const ringing = await scene.callee.incoming('INVITE');
    ringing.reply(180);
    await call.answer(180);
    expect((await scene.caller.answer(call.cancel())).status).toBe(200);
    expect((await call.refusal()).status).toBe(487);

    const cancel = await scene.callee.incoming('CANCEL');
    expect(cancel.header('via')).toBe(ringing.header('via'));
    expect(cancel.uri).toBe(ringing.uri);
    cancel.reply(200);
    ringing.reply(487);
    await scene.callee.request('ACK');
    expect(cancelled()).toBe(1);
    // The application answers as well; the server has done that already.
    await eventually(() => expect(late).toEqual(['Response not sent due to unknown transaction']));
    await eventually(() => expect(suite.server.counts?.().dialogs).toBe(before));
  });

  it('before the callee has answered anything: the CANCEL waits for its first answer', async () => {
    const { scene } = await openRinging(protocol);
    const call = scene.dial();
    const silent = await scene.callee.incoming('INVITE');
    call.cancel();
    expect((await call.answer()).status).toBe(487);
    expect(scene.callee.count('CANCEL')).toBe(0);
    silent.reply(180);
    (await scene.callee.incoming('CANCEL')).reply(200);
    silent.reply(487);
    await scene.callee.request('ACK');
  });
});

it('acknowledges and ends a callee whose 200 crosses the CANCEL, and tells the application', async () => {
  const scene = await suite.scene('udp');
  const app = await suite.connect();
  let sent: SrfRequest | undefined;
  const callbacks = {
    cbRequest: (_error: Error | null, request?: SrfRequest) => {
      sent = request;
    },
  };
  const destroyed = app.srf
    .createUAC(scene.callee.contact, { localSdp: offer }, callbacks)
    .then((dialog) => new Promise((resolve) => dialog.on('destroy', resolve)));
  const invite = await scene.callee.incoming('INVITE');
  invite.reply(180);
  await eventually(() => expect(sent).toBeDefined());
  sent?.cancel();
  const cancel = await scene.callee.incoming('CANCEL');
  invite.reply(200, { body: answer });
  cancel.reply(481);
  await scene.callee.request('ACK');
  const bye = await scene.callee.incoming('BYE');
  expect(bye.header('reason')).toContain('ACK-BYE');
  bye.reply(200);
  await destroyed;
});

it('goes on with a call whose CANCEL crosses its 200, until the caller hangs up', async () => {
  const scene = await suite.scene('udp');
  const destroyed = vi.fn();
  const listening = vi.fn();
  await suite.connect((srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const uas = await srf.createUAS(request, response, { localSdp: answer });
        uas.on('destroy', destroyed);
        listening();
      }),
    ),
  );
  const call = scene.dial();
  const answered = await call.answer(200);
  // RFC 3261 9.2 has 200; drachtio says 481.
  expect([200, 481]).toContain((await scene.caller.answer(call.cancel())).status);
  call.dialog.acknowledge(answered);
  await eventually(() => expect(listening).toHaveBeenCalled());
  expect((await call.dialog.bye()).status).toBe(200);
  await eventually(() => expect(destroyed).toHaveBeenCalledOnce());
});

it('answers 481 to a CANCEL of nothing', async () => {
  const scene = await suite.scene('udp');
  const dialog = scene.outside();
  const never = dialog.build('INVITE');
  expect((await scene.caller.answer(dialog.cancel(never))).status).toBe(481);
});
