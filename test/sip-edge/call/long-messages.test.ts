import { expect, it } from 'vitest';
import { sendRequest } from '../../../sip-edge/call/leg/leg.ts';
import type { SrfResponse } from '../../../sip-edge/drachtio/srf.ts';
import { answer, offer } from './support/scene.ts';
import { Suite } from './support/suite.ts';

/*
 * drachtio 0.9.10 hears an application no more that sent it a message of more than 12,228 bytes, or less long ones faster
 * than it reads them (client.cpp). A body of more than 8192 bytes it refuses itself, by 400.
 */

const suite = new Suite();
const contentType = 'application/x-long';
const long = (bytes: number) => 'long '.repeat(bytes / 5);
/** More than drachtio could be told of. */
const headersOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`X-Long-${at}`, long(1000).trim()]));
const tooLong = { body: long(7000), contentType, headers: headersOf(6) };

it('says much at once, of which each is heard', async () => {
  const scene = await suite.open();
  scene.gateway.answers('MESSAGE');
  const headers = { 'content-type': contentType };
  const statuses = Array.from({ length: 40 }, (_, at) => {
    const options = { method: 'MESSAGE', headers, body: long(100 + ((at * 1700) % 7500)) };
    return new Promise<number>((resolve, reject) => {
      const answered = ({ status }: SrfResponse) => resolve(status);
      sendRequest(scene.edge.srf, scene.gateway.contact, options, { answer: answered, failed: reject });
    });
  });
  expect(await Promise.all(statuses)).toEqual(statuses.map(() => 200));
});

it('refuses a request within a call that is longer than can be passed on, and goes on', async () => {
  const scene = await suite.open();
  const { caller, gateway } = await scene.establish();
  for (const side of [caller, gateway]) expect((await side.ask('INFO', tooLong)).status).toBe(513);
  await scene.hangUp(caller);
});

it('passes an answer that is longer without its body and headers', async () => {
  const scene = await suite.open();
  const call = scene.dial();
  const invite = await scene.gateway.incoming('INVITE');
  invite.reply(183, tooLong);
  expect((await call.answer(183)).text).toBe('');
  const [, ok] = await Promise.all([invite.accept(tooLong), call.established()]);
  expect(ok.text).toBe('');
  const info = call.dialog.ask('INFO', { body: 'x', contentType });
  (await scene.gateway.incoming('INFO')).reply(200, { headers: headersOf(13) });
  const told = await info;
  expect(told).toMatchObject({ status: 200, text: '' });
  expect(told.headers.has('x-long-0')).toBe(false);
  await scene.hangUp(call.dialog);
});

it('acknowledges without a body where the one of the ACK is longer', async () => {
  const scene = await suite.open();
  const call = scene.dial('room', {});
  const invite = await scene.gateway.incoming('INVITE');
  const accepted = invite.accept({ body: offer });
  await call.established(tooLong);
  expect((await accepted).text).toBe('');
  await scene.hangUp(call.dialog);
});

it('takes what is as long as can be', async () => {
  const scene = await suite.open();
  const call = scene.dial('room', { body: `${offer}${long(7000)}` });
  const invite = await scene.gateway.incoming('INVITE');
  expect(invite.text).toHaveLength(offer.length + 7000);
  const body = `${answer}${long(7000)}`;
  const [, ok] = await Promise.all([invite.accept({ body }), call.established()]);
  expect(ok.text).toBe(body);
  await scene.hangUp(call.dialog);
});
