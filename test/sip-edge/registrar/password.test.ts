import { describe, expect, it } from 'vitest';
import type { Challenge } from '../../../sip/digest/client.ts';
import { challengeParams } from '../../support/sip-peer/registrant.ts';
import { until } from '../../support/until.ts';
import { password } from '../support/edge.ts';
import { domain } from '../support/environment.ts';
import { RegistrarSuite } from './support.ts';

/* REGISTER over real sockets: client → SIP server → edge → the functions' code → table. */

const suite = new RegistrarSuite();

describe('the password', () => {
  it('may be asked for by SHA-256 alone, and then not be shown by MD5', async () => {
    const gw = await suite.open({ DIGEST_ALGORITHMS: 'SHA-256' });
    const asked = await gw.send({ headers: { 'User-Agent': 'baresip v1.0.0' } });
    expect(asked.headers.getAll('www-authenticate').map((one) => challengeParams(one).algorithm)).toEqual([
      'SHA-256',
    ]);
    gw.takeChallenge(asked);
    const challenge = gw.challenge as Challenge;
    gw.challenge = { ...challenge, algorithm: 'MD5' };
    expect((await gw.send({}, gw.answer())).status).toBe(401);
    gw.challenge = challenge;
    expect((await gw.send({}, gw.answer())).status).toBe(200);
  });

  it('is asked for by MD5 alone of a client that fails at SHA-256 beside it', async () => {
    const gw = await suite.open();
    const asked = await gw.send({
      headers: { 'User-Agent': 'baresip v1.0.0 (x86_64/linux)' },
    });
    expect(asked.headers.getAll('www-authenticate').map((one) => challengeParams(one).algorithm)).toEqual([
      'MD5',
    ]);
  });

  it('may be shown by MD5 as well', async () => {
    const gw = await suite.open();
    expect((await gw.register({ algorithm: 'MD5' })).status).toBe(200);
  });

  it('that is wrong gets 403 with the reason, and no binding', async () => {
    const gw = await suite.open();
    const reply = await gw.register({ password: 'guess' });
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('wrong-password');
    expect(reply.header('reason')).toContain(gw.callId);
    expect(suite.controlPlane.commands).toEqual([]);
    expect(suite.edge.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', callId: gw.callId, outcome: 'wrong-password' }),
    );
  });

  it('of another gateway does not register this one', async () => {
    const gw = await suite.open();
    gw.takeChallenge(await gw.send());
    const reply = await gw.send({}, gw.answer().replace(gw.username, 'other.mediagw.1'));
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('wrong-username');
  });

  it('of before counts during a rotation; the new one as soon as it is there', async () => {
    await suite.start();
    suite.edge.secret.rotated = ['new', password];
    expect((await (await suite.gateway()).register({ password: 'new' })).status).toBe(200);
    expect((await (await suite.gateway()).register({ password })).status).toBe(200);
    suite.edge.secret.secrets = ['new'];
    expect((await (await suite.gateway()).register({ password })).status).toBe(403);
  });

  it('cannot be replayed: the same credentials again are asked anew, as stale', async () => {
    const gw = await suite.open();
    gw.takeChallenge(await gw.send());
    const answer = gw.answer();
    expect((await gw.send({}, answer)).status).toBe(200);
    const replayed = await gw.send({}, answer);
    expect(replayed.status).toBe(401);
    expect(challengeParams(replayed.header('www-authenticate')).stale).toBe('true');
    gw.takeChallenge(replayed);
    expect((await gw.send({}, gw.answer())).status).toBe(200);
  });

  it('with a nonce that is too old is asked anew, as stale', async () => {
    const gw = await suite.open({ NONCE_LIFETIME_SEC: '5' });
    gw.takeChallenge(await gw.send());
    gw.challenge = { ...(gw.challenge as Challenge), nonce: 'A'.repeat(40) };
    const reply = await gw.send({}, gw.answer());
    expect(reply.status).toBe(401);
    expect(challengeParams(reply.header('www-authenticate')).stale).toBe('true');
  });

  it('in credentials that make no sense gets 400', async () => {
    const gw = await suite.open();
    const reply = await gw.send({}, 'Digest realm="example.test", username="x');
    // A real drachtio says so itself.
    expect(reply.status).toBe(400);
    expect(suite.controlPlane.commands).toEqual([]);
  });

  it('guessed at too often bans the address, which is then met with silence by UDP', async () => {
    const gw = await suite.open({ BAN_AFTER_FAILURES: '3' });
    for (const guess of ['a', 'b', 'c']) expect((await gw.register({ password: guess })).status).toBe(403);
    const client = await suite.client();
    client.send(client.build({ method: 'OPTIONS', uri: `sip:${domain}`, callId: 'banned' }));
    await until('the drop', () => suite.edge.log.lines.some((line) => line.callId === 'banned'));
    expect(client.answersTo('banned')).toEqual([]);
    const byTcp = await suite.client('tcp');
    expect((await byTcp.ask({ method: 'OPTIONS', uri: `sip:${domain}` })).status).toBe(403);
  });

  it('asked for is no wrong answer: a hundred challenges ban nobody', async () => {
    const gw = await suite.open({ BAN_AFTER_FAILURES: '3' });
    for (let count = 0; count < 100; count += 1) expect((await gw.send()).status).toBe(401);
    expect((await gw.register()).status).toBe(200);
  });

  it('guessed at next to a registered gateway does not lock that gateway out', async () => {
    const gw = await suite.open({ BAN_AFTER_FAILURES: '3' });
    expect((await gw.register()).status).toBe(200);
    const guesser = await suite.gateway('udp', gw.username);
    for (let count = 0; count < 5; count += 1) {
      expect((await guesser.register({ password: 'guess' })).status).toBe(403);
    }
    expect((await gw.send({}, gw.answer())).status).toBe(200);
  });
});
