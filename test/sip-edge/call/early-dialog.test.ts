import { expect, it } from 'vitest';
import { Suite } from './support/suite.ts';

/* drachtio gives no Contact to a provisional answer, without which nobody could say anything within the early dialog. */

const suite = new Suite();

it.each([
  ['udp', /^<sip:edge@127\.0\.0\.1:\d+>$/],
  ['tcp', /^<sip:edge@127\.0\.0\.1:\d+;transport=tcp>$/],
] as const)('a 180 over %s names where requests within the early dialog go', async (transport, contact) => {
  const scene = await suite.open({ transport });
  const call = scene.dial();
  const invite = await scene.gateway.incoming('INVITE');
  invite.reply(180);
  const ringing = await call.answer(180);
  expect(ringing.header('contact')).toMatch(contact);
  expect((await call.early(ringing).ask('INFO')).status).toBeGreaterThanOrEqual(200);
  call.cancel();
  expect((await call.refusal()).status).toBe(487);
});
