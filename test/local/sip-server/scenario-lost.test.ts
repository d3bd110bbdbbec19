import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import type { Srf } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { until } from '../../support/until.ts';
import { answer } from './support/call.ts';
import { Suite } from './support/suite.ts';

/* Packets that are lost, and come again. */

const suite = new Suite();

it('shows the application a repeated INVITE once, and answers each', async () => {
  const scene = await suite.scene('udp');
  const seen = vi.fn();
  await suite.connect((srf) =>
    srf.invite((_request, response) => {
      seen();
      response.send(180);
    }),
  );
  const call = scene.dial();
  await call.answer(180);
  scene.caller.send(call.invite);
  await call.answer(180);
  expect(seen).toHaveBeenCalledOnce();
});

it('gives a repeated REGISTER, OPTIONS or BYE its answer again, without asking the application', async () => {
  const scene = await suite.scene('udp');
  const seen: string[] = [];
  await suite.connect((srf) => {
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
    const request = scene.outside().send(method);
    const first = await scene.caller.answer(request);
    scene.caller.send(request);
    expect(await scene.caller.answer(request)).toEqual(first);
  }
  expect(seen).toEqual(['REGISTER', 'OPTIONS']);

  const { caller } = await scene.establish();
  const bye = caller.send('BYE');
  expect((await scene.caller.answer(bye)).status).toBe(200);
  scene.caller.send(bye);
  expect((await scene.caller.answer(bye)).status).toBe(200);
  (await scene.callee.incoming('BYE')).reply(200);
});

it('repeats a refusal until its ACK', async () => {
  const scene = await suite.scene('udp');
  await suite.connect((srf) => srf.invite((_request, response) => response.send(486)));
  const call = scene.dial();
  await call.answer(486);
  await call.refusal(486);
  const sofar = scene.caller.count('486 INVITE');
  // Had the ACK not counted, the next would come within 4*T1.
  await delay(8 * suite.server.t1Ms);
  expect(scene.caller.count('486 INVITE')).toBeLessThanOrEqual(sofar + 1);
});

it('repeats a request within a call until its answer', async () => {
  const { scene } = await suite.bridged('udp');
  const { caller, callee } = await scene.establish();
  caller.send('BYE');
  await scene.callee.incoming('BYE');
  const again = await scene.callee.incoming('BYE');
  expect(again.header('call-id')).toBe(callee.callId);
  again.reply(200);
});

it('repeats its 200 until the ACK, then hangs up and tells the application', async () => {
  const scene = await suite.scene('udp');
  const reasons = await suite.answering();
  const before = suite.server.counts?.().dialogs ?? 0;
  const call = scene.dial();
  const answered = await call.answer(200);
  await until('BYE comes', () => scene.caller.count('BYE') > 0, 70 * suite.server.t1Ms);
  const bye = await scene.caller.incoming('BYE');
  // After T1, 2*T1, 4*T1, then every T2 = 8*T1, for 64*T1.
  expect(scene.caller.count('200 INVITE')).toBeGreaterThanOrEqual(8);
  expect(bye.header('to')).toBe(call.dialog.local);
  expect(bye.header('from')).toBe(answered.header('to'));
  expect(bye.header('reason')).toContain('ACK timeout');
  await eventually(() => expect(reasons).toEqual(['ACK timeout']));
  bye.reply(200);
  await eventually(() => expect(suite.server.counts?.().dialogs ?? 0).toBeLessThanOrEqual(before));
});

it('stops repeating its 200 at the ACK', async () => {
  const scene = await suite.scene('udp');
  await suite.connect((srf) =>
    srf.invite((request, response) => void srf.createUAS(request, response, { localSdp: answer })),
  );
  const call = scene.dial();
  await call.answer(200);
  await call.established();
  const sofar = scene.caller.count('200 INVITE');
  await delay(10 * suite.server.t1Ms);
  expect(scene.caller.count('200 INVITE')).toBeLessThanOrEqual(sofar + 1);
});

it.runIf(!process.env.DRACHTIO)(
  'tells the application where the connection of a caller is gone before its answer',
  async () => {
    const scene = await suite.scene('tcp');
    let failed: unknown;
    await suite.connect((srf) =>
      srf.invite(
        unawaited(async (request, response) => {
          response.send(180);
          // The server has seen it close when a request to that port finds nobody.
          await eventually(async () => expect(await statusOf(srf, scene.caller.contact)).toBe(503));
          failed = await srf.createUAS(request, response, { localSdp: answer }).catch((error) => error);
        }),
      ),
    );
    const call = scene.dial();
    await call.answer(180);
    await scene.caller.close();
    expect(await until('the application hears', () => failed)).toContain('closed');
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
