import { expect, it } from 'vitest';
import { nextRefresh } from '../../../local/sip-server/dialog/session-timer.ts';
import { createRequest, createResponse } from '../../../sip/message/build.ts';
import { until } from '../../support/until.ts';
import { answer, offer } from './support/call.ts';
import { Suite } from './support/suite.ts';

/*
 * Session timers of 90 s and more, which the server runs by itself. The embedded server's seconds are short in tests;
 * the same was measured of a real drachtio (refresh after half the time, BYE after all of it).
 */

const suite = new Suite();

async function call(sessionExpires: string) {
  const scene = await suite.scene('udp');
  const reasons = await suite.answering();
  const call = scene.dial({ headers: { 'Session-Expires': sessionExpires }, body: offer });
  const answered = await call.established();
  return { scene, dialog: call.dialog, answered, reasons };
}

it.runIf(!process.env.DRACHTIO)(
  'refreshes a session whose refresher it is, with its last description',
  async () => {
    const { scene, answered } = await call('90;refresher=uas');
    expect(answered.header('session-expires')).toBe('90;refresher=uas');
    for (const _ of ['once', 'and again']) {
      const refresh = await scene.caller.incoming('INVITE');
      expect(refresh.header('session-expires')).toMatch(/^90;\s?refresher=uac$/);
      expect(refresh.body.toString()).toBe(answer);
      refresh.reply(200, { headers: { 'Session-Expires': '90;refresher=uac' }, body: offer });
      await scene.caller.request('ACK');
    }
  },
);

it.runIf(!process.env.DRACHTIO)(
  'ends a session that its peer lets lapse, and tells the application',
  async () => {
    const { scene, reasons } = await call('90;refresher=uac');
    const bye = await scene.caller.incoming('BYE');
    expect(bye.header('reason')).toContain('Session timer expired');
    bye.reply(200);
    await until('the application hears', () => reasons[0]);
    expect(reasons).toEqual(['Session timer expired']);
  },
);

// drachtio 0.9.10 ends the call at any refusal.
it.runIf(!process.env.DRACHTIO).each([
  [488, 'not acceptable', {}, '90'],
  [500, 'an error', {}, '90'],
  [491, 'a re-INVITE of its own', {}, '90'],
  [422, 'too short an interval', { 'Min-SE': '120' }, '120'],
])('tries again where its refresh gets %i, %s', async (status, _why, headers, sec) => {
  const { scene, dialog } = await call('90;refresher=uas');
  const refused = await scene.caller.incoming('INVITE');
  refused.reply(status, { headers });
  await refused.ack();
  const again = await scene.caller.incoming('INVITE');
  expect(again.header('session-expires')).toMatch(new RegExp(`^${sec};`));
  await again.accept({ headers: { 'Session-Expires': `${sec};refresher=uac` }, body: offer });
  expect((await dialog.bye()).status).toBe(200);
});

it.each([
  [422, { 'Min-SE': '120' }, { sec: 120, inSec: 0 }],
  [422, { 'Min-SE': '90' }, { sec: 90, inSec: 7 }],
  [491, {}, { sec: 90, inSec: 2 }],
  [500, {}, { sec: 90, inSec: 7 }],
])('tries again before its peer gives the session up: %i %o', (status, headers, next) => {
  const refresh = createRequest({
    method: 'INVITE',
    uri: 'sip:a@b',
    from: 'x',
    to: 'y',
    callId: 'z',
    cseq: 1,
  });
  const answer = createResponse(refresh, { status, headers: Object.entries(headers) });
  expect(nextRefresh(answer, 90)).toEqual(next);
});

it.runIf(!process.env.DRACHTIO)('ends a session whose refresh meets no dialog any more', async () => {
  const { scene } = await call('90;refresher=uas');
  (await scene.caller.incoming('INVITE')).reply(481);
  await scene.caller.request('ACK');
  const bye = await scene.caller.incoming('BYE');
  expect(bye.uri).toBe(scene.caller.contact);
  bye.reply(200);
});

it('runs no timer where the offer names no refresher', async () => {
  const { answered, dialog } = await call('1800');
  expect(answered.headers.has('session-expires')).toBe(false);
  expect((await dialog.bye()).status).toBe(200);
});
