import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { answerCall } from '../../support/sip-peer/peer.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();

/** All bytes but zero, see below. */
const bytes = Buffer.from(Array.from({ length: 255 }, (_, at) => at + 1));
const isup = Buffer.concat([bytes, Buffer.from('\r\n\r\n'), bytes]);
const multipart = Buffer.concat([
  Buffer.from(
    '--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b\r\nContent-Type: application/isup\r\n\r\n',
  ),
  isup,
  Buffer.from('\r\n--b--\r\n'),
]);

it.each(['udp', 'tcp'] as const)(
  'passes bodies to the byte in both directions, over %s',
  async (transport) => {
    const scene = await suite.open({ transport });
    const contentType = 'multipart/mixed;boundary=b';
    const call = scene.dial('room', { body: multipart, contentType });
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.body).toEqual(multipart);
    const { callee, answer } = await answerCall(call, invite, { body: multipart, contentType });
    expect(answer.body).toEqual(multipart);

    const image = Buffer.concat([bytes, bytes]);
    // The real drachtio encodes a body itself that says it is encoded.
    const encoding = process.env.DRACHTIO ? 'identity' : 'gzip';
    const told = callee.ask('INFO', {
      body: image,
      contentType: 'application/x-picture',
      headers: { 'Content-Encoding': encoding },
    });
    const info = await scene.caller.incoming('INFO');
    expect(info.body).toEqual(image);
    expect(info.header('content-encoding')).toBe(encoding);
    info.reply(200, { body: isup, contentType: 'application/isup' });
    expect((await told).body).toEqual(isup);
    await scene.hangUp(call.dialog);
  },
);

// The real drachtio takes no message with a zero byte.
it.skipIf(process.env.DRACHTIO)('passes what is compressed, with the zero bytes in it', async () => {
  const scene = await suite.open();
  const { caller } = await scene.establish();
  const picture = gzipSync('a room, seen from the door');
  const headers = { 'Content-Encoding': 'gzip' };
  const told = caller.ask('INFO', { body: picture, contentType: 'image/svg+xml', headers });
  const info = await scene.gateway.incoming('INFO');
  expect(info.body).toEqual(picture);
  info.reply(200);
  expect((await told).status).toBe(200);
  await scene.hangUp(caller);
});

it('passes a session description in Latin-1, and a header in it, as they came', async () => {
  const scene = await suite.open();
  const sdp = Buffer.from('v=0\r\ns=R\u00e9union\r\n', 'latin1');
  const call = scene.dial('room', { body: sdp, headers: { Subject: 'R\u00e9union \u00a7' } });
  const invite = await scene.gateway.incoming('INVITE');
  expect(invite.body).toEqual(sdp);
  expect(invite.header('subject')).toBe('R\u00e9union \u00a7');
  await answerCall(call, invite, { body: sdp });
  await scene.hangUp(call.dialog);
});

it.each([
  ['UTF-8', Buffer.from('Zoë ☂').toString('latin1'), 'Zoë ☂'],
  ['Latin-1', 'Zo\u00eb', 'Zoë'],
])('gives the gateway a name that came in %s as UTF-8', async (_encoding, sent, name) => {
  const scene = await suite.open();
  const call = scene.dial('room', { from: `"${sent}" <sip:zoe@example.org>` });
  const invite = await scene.gateway.incoming('INVITE');
  expect(Buffer.from(invite.header('from'), 'latin1').toString()).toContain(
    `"4-room${name}" <sip:zoe@example.org>`,
  );
  await answerCall(call, invite, { body: 'v=0\r\n' });
  await scene.hangUp(call.dialog);
});
