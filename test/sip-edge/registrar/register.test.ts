import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Challenge } from '../../../sip/digest/client.ts';
import { newCallId } from '../../../sip/message/build.ts';
import { startTestTable, type TestTable } from '../../support/dynamodb.ts';
import { rawRequest } from '../../support/sip-peer/message.ts';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import { bindingsOf, challengeParams, type Registrant } from '../../support/sip-peer/registrant.ts';
import { type SipServer, startSipServer } from '../../support/sip-server.ts';
import { until } from '../../support/until.ts';
import { domain, gatewayAt, password, startEdge, type TestEdge } from '../support/edge.ts';
import { TableWorld } from '../support/table-world.ts';

/* REGISTER over real sockets: client → SIP server → edge → the functions' code → table. */

let table: TestTable;
let server: SipServer;
let controlPlane: TableWorld;
let edge: TestEdge;
const clients: SipPeer[] = [];

beforeAll(async () => {
  [table, server] = await Promise.all([startTestTable(), startSipServer()]);
});

afterAll(async () => {
  await Promise.all([table?.stop(), server?.stop()]);
});

beforeEach(async () => {
  controlPlane = new TableWorld(table.client, table.tableName);
});

afterEach(async () => {
  await edge.close();
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function start(environment: Record<string, string> = {}) {
  edge = await startEdge(server, controlPlane, environment);
}

async function gateway(transport: 'udp' | 'tcp' = 'udp', username?: string): Promise<Registrant> {
  const client = await SipPeer.connect(transport, server.sip);
  clients.push(client);
  return gatewayAt(client, username);
}

const uriOf = (contact: string) => contact.slice(1, -1);

describe.each(['udp', 'tcp'] as const)('a gateway over %s', (transport) => {
  it('is challenged by MD5 and SHA-256 in headers of their own, then registers', async () => {
    await start();
    const gw = await gateway(transport);
    const asked = await gw.send();
    expect(asked.status).toBe(401);
    const offered = asked.headers.getAll('www-authenticate').map(challengeParams);
    expect(offered.map(({ algorithm }) => algorithm)).toEqual(['MD5', 'SHA-256']);

    gw.takeChallenge(asked);
    const reply = await gw.send({}, gw.answer());
    expect(reply.status).toBe(200);
    expect(bindingsOf(reply)).toEqual({ [uriOf(gw.contact)]: 3600 });
    expect(Date.parse(reply.header('date'))).not.toBeNaN();
    expect(edge.factsOf('gateway.registered')).toEqual([
      expect.objectContaining({
        username: gw.username,
        registrationId: gw.callId,
        contact: uriOf(gw.contact),
        received: { address: '127.0.0.1', port: gw.peer.port, protocol: transport },
      }),
    ]);
  });

  it('refreshes with the nonce it has, silently, and un-registers', async () => {
    await start();
    const gw = await gateway(transport);
    await gw.register({ expires: '120' });
    const refreshed = await gw.send({ expires: '120' }, gw.answer());
    expect(refreshed.status).toBe(200);
    expect(edge.factsOf('gateway.registered')).toHaveLength(1);

    const gone = await gw.send({ expires: '0' }, gw.answer());
    expect(gone.status).toBe(200);
    expect(gone.headers.getAll('contact')).toEqual([]);
    expect(edge.factsOf('gateway.unregistered')).toEqual([
      expect.objectContaining({ username: gw.username, registrationId: gw.callId }),
    ]);
  });
});

describe('the password', () => {
  it('may be asked for by SHA-256 alone, and then not be shown by MD5', async () => {
    await start({ DIGEST_ALGORITHMS: 'SHA-256' });
    const gw = await gateway();
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
    await start();
    const asked = await (await gateway()).send({
      headers: { 'User-Agent': 'baresip v1.0.0 (x86_64/linux)' },
    });
    expect(asked.headers.getAll('www-authenticate').map((one) => challengeParams(one).algorithm)).toEqual([
      'MD5',
    ]);
  });

  it('may be shown by MD5 as well', async () => {
    await start();
    const gw = await gateway();
    expect((await gw.register({ algorithm: 'MD5' })).status).toBe(200);
  });

  it('that is wrong gets 403 with the reason, and no binding', async () => {
    await start();
    const gw = await gateway();
    const reply = await gw.register({ password: 'guess' });
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('wrong-password');
    expect(reply.header('reason')).toContain(gw.callId);
    expect(controlPlane.commands).toEqual([]);
    expect(edge.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', callId: gw.callId, outcome: 'wrong-password' }),
    );
  });

  it('of another gateway does not register this one', async () => {
    await start();
    const gw = await gateway();
    gw.takeChallenge(await gw.send());
    const reply = await gw.send({}, gw.answer().replace(gw.username, 'other.mediagw.1'));
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('wrong-username');
  });

  it('of before counts during a rotation; the new one as soon as it is there', async () => {
    await start();
    edge.secret.rotated = ['new', password];
    expect((await (await gateway()).register({ password: 'new' })).status).toBe(200);
    expect((await (await gateway()).register({ password })).status).toBe(200);
    edge.secret.secrets = ['new'];
    expect((await (await gateway()).register({ password })).status).toBe(403);
  });

  it('cannot be replayed: the same credentials again are asked anew, as stale', async () => {
    await start();
    const gw = await gateway();
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
    await start({ NONCE_LIFETIME_SEC: '5' });
    const gw = await gateway();
    gw.takeChallenge(await gw.send());
    gw.challenge = { ...(gw.challenge as Challenge), nonce: 'A'.repeat(40) };
    const reply = await gw.send({}, gw.answer());
    expect(reply.status).toBe(401);
    expect(challengeParams(reply.header('www-authenticate')).stale).toBe('true');
  });

  it('in credentials that make no sense gets 400', async () => {
    await start();
    const gw = await gateway();
    const reply = await gw.send({}, 'Digest realm="example.test", username="x');
    // A real drachtio says so itself.
    expect(reply.status).toBe(400);
    expect(controlPlane.commands).toEqual([]);
  });

  it('guessed at too often bans the address, which is then met with silence', async () => {
    await start({ BAN_AFTER_FAILURES: '3' });
    const gw = await gateway();
    for (const guess of ['a', 'b', 'c']) expect((await gw.register({ password: guess })).status).toBe(403);
    const client = await SipPeer.connect('udp', server.sip);
    clients.push(client);
    client.send(client.build({ method: 'OPTIONS', uri: `sip:${domain}`, callId: 'banned' }));
    await until('the drop', () => edge.log.lines.some((line) => line.callId === 'banned'));
    expect(client.answersTo('banned')).toEqual([]);
  });

  it('asked for is no wrong answer: a hundred challenges ban nobody', async () => {
    await start({ BAN_AFTER_FAILURES: '3' });
    const gw = await gateway();
    for (let count = 0; count < 100; count += 1) expect((await gw.send()).status).toBe(401);
    expect((await gw.register()).status).toBe(200);
  });

  it('guessed at next to a registered gateway does not lock that gateway out', async () => {
    await start({ BAN_AFTER_FAILURES: '3' });
    const gw = await gateway();
    expect((await gw.register()).status).toBe(200);
    const guesser = await gateway('udp', gw.username);
    for (let count = 0; count < 5; count += 1) {
      expect((await guesser.register({ password: 'guess' })).status).toBe(403);
    }
    expect((await gw.send({}, gw.answer())).status).toBe(200);
  });
});

describe('the name', () => {
  it.each(['alice', '10.0.0.7.other.1', 'x.mediagw.', '.mediagw.1', 'a b.mediagw.1'])(
    'that is no gateway name gets 403: %s',
    async (username) => {
      await start();
      const gw = await gateway('udp', encodeURIComponent(username));
      const reply = await gw.send();
      expect(reply.status).toBe(403);
      expect(reply.header('reason')).toContain('no-gateway-name');
    },
  );

  it('of another domain gets 404, a Request-URI of another domain 403', async () => {
    await start();
    const gw = await gateway();
    expect((await gw.send({ to: `<sip:${gw.username}@elsewhere.test>` })).status).toBe(404);
    expect((await gw.send({ uri: 'sip:elsewhere.test' })).status).toBe(403);
  });
});

describe('the time', () => {
  it.each([
    ['no expires is an hour', undefined, '', 3600],
    ['below the minimum is raised', '30', '', 60],
    ['above an hour is cut', '86400', '', 3600],
    ['the contact beats the header', '120', ';expires=90', 90],
    ['more than 32 bits is cut', undefined, ';expires=99999999999', 3600],
  ])('%s', async (_case, expires, param, granted) => {
    await start();
    const gw = await gateway();
    const reply = await gw.register({ contact: `${gw.contact}${param}`, ...(expires && { expires }) });
    expect(reply.status).toBe(200);
    expect(bindingsOf(reply)).toEqual({ [uriOf(gw.contact)]: granted });
  });

  it('below the minimum is refused with 423 where so set', async () => {
    await start({ MIN_EXPIRES_MODE: 'refuse' });
    const gw = await gateway();
    const reply = await gw.register({ expires: '59' });
    expect(reply.status).toBe(423);
    expect(reply.header('min-expires')).toBe('60');
    expect((await gw.send({ expires: '60' }, gw.answer())).status).toBe(200);
    expect((await gw.send({ expires: '0' }, gw.answer())).status).toBe(200);
  });
});

describe('contacts', () => {
  const two = (gw: Registrant) =>
    [`sip:a@127.0.0.1:${gw.peer.port}`, `sip:b@127.0.0.1:${gw.peer.port};transport=tcp`] as const;

  it('may be several, each with its own time, in one header or two', async () => {
    await start();
    const gw = await gateway();
    const [a, b] = two(gw);
    const contact = `"A, or so" <${a}>;expires=100;q=0.5, <${b}>`;
    const reply = await gw.register({ contact, expires: '200' });
    expect(bindingsOf(reply)).toEqual({ [a]: 100, [b]: 200 });

    const twice = await gateway();
    const [c, d] = two(twice);
    const lines = [`<${c}>;expires=100`, `<${d}>;expires=200`];
    expect(bindingsOf(await twice.register({ contact: lines }))).toEqual({ [c]: 100, [d]: 200 });
  });

  it('are fetched by a REGISTER without one', async () => {
    await start();
    const gw = await gateway();
    expect(bindingsOf(await gw.register({ contact: undefined }))).toEqual({});
    await gw.send({ expires: '100' }, gw.answer());
    const fetched = bindingsOf(await gw.send({ contact: undefined }, gw.answer()));
    expect(fetched[uriOf(gw.contact)]).toBeGreaterThan(90);
  });

  it('go one by one by expires=0, or all by *', async () => {
    await start();
    const gw = await gateway();
    const [a, b] = two(gw);
    await gw.register({ contact: `<${a}>, <${b}>` });
    const one = await gw.send({ contact: `<${a}>;expires=0` }, gw.answer());
    expect(Object.keys(bindingsOf(one))).toEqual([b]);
    expect(edge.factsOf('gateway.unregistered')).toEqual([]);
    const all = await gw.send({ contact: '*', expires: '0' }, gw.answer());
    expect(all.status).toBe(200);
    expect(bindingsOf(all)).toEqual({});
    expect(edge.factsOf('gateway.unregistered')).toHaveLength(1);
  });

  it.each([
    ['* without Expires: 0', '*', undefined],
    ['* with another Expires', '*', '60'],
    ['* beside another', '*, <sip:a@127.0.0.1>', '0'],
    ['a URI that is none', '<nonsense>', undefined],
    ['another scheme', '<tel:+331>', undefined],
    ['an open bracket', '<sip:a@127.0.0.1', undefined],
    ['an impossible q', '<sip:a@127.0.0.1>;q=2', undefined],
  ])('that are malformed get 400: %s', async (_case, contact, expires) => {
    await start();
    const gw = await gateway();
    const reply = await gw.register({ contact, ...(expires && { expires }) });
    expect(reply.status).toBe(400);
    expect(controlPlane.commands).toEqual([]);
  });

  it('that are too many get 403', async () => {
    await start();
    const gw = await gateway();
    const many = Array.from({ length: 11 }, (_, index) => `<sip:c${index}@127.0.0.1>`);
    const reply = await gw.register({ contact: many.join(', ') });
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('too-many-contacts');
  });
});

describe('order', () => {
  it('a retransmission gets the same answer and is no second write', async () => {
    await start();
    const gw = await gateway();
    gw.takeChallenge(await gw.send());
    const request = gw.peer.build({
      method: 'REGISTER',
      uri: `sip:${domain}`,
      from: gw.aor,
      to: gw.aor,
      callId: gw.callId,
      cseq: 2,
      headers: { Contact: gw.contact, Authorization: gw.answer() },
    });
    const first = await gw.peer.answer(gw.peer.send(request));
    const second = await gw.peer.answer(gw.peer.send(request));
    expect(first.status).toBe(200);
    expect(second.raw).toBe(first.raw);
    expect(controlPlane.commands).toHaveLength(1);
  });

  it('a REGISTER older than the one held gets 400', async () => {
    await start();
    const gw = await gateway();
    await gw.register({ cseq: 10 });
    const reply = await gw.send({ cseq: 9 }, gw.answer());
    expect(reply.status).toBe(400);
    expect(reply.header('reason')).toContain('out-of-order');
  });

  it.each(['x REGISTER', '4294967296 REGISTER', '1 INVITE'])(
    'a CSeq that is none gets 400 or silence: %s',
    async (cseq) => {
      await start();
      const gw = await gateway();
      const callId = newCallId();
      const headers = { Via: gw.peer.via(), From: `${gw.aor};tag=1`, To: gw.aor, CSeq: cseq };
      gw.peer.sendRaw(
        rawRequest({
          method: 'REGISTER',
          uri: `sip:${domain}`,
          callId,
          headers: { ...headers, Contact: undefined },
        }),
      );
      // The server may not even pass it on; in no case is it a registration.
      expect((await gw.register()).status).toBe(200);
      expect(gw.peer.answersTo(callId).every(({ status }) => status === 400)).toBe(true);
      expect(controlPlane.commands).toHaveLength(1);
    },
  );
});

describe('trouble', () => {
  it('with the table is 503 with Retry-After, and passes', async () => {
    const own = await startTestTable();
    try {
      controlPlane = new TableWorld(own.client, own.tableName);
      await start();
      const gw = await gateway();
      expect((await gw.register()).status).toBe(200);
      await own.stop();
      const reply = await gw.send({}, gw.answer());
      expect(reply.status).toBe(503);
      expect(Number(reply.header('retry-after'))).toBeGreaterThanOrEqual(5);
      expect(reply.header('reason')).toContain('control-plane-unavailable');
      expect(edge.log.lines).toContainEqual(
        expect.objectContaining({ callId: gw.callId, outcome: 'control-plane-unavailable' }),
      );
    } finally {
      await own.stop();
    }
  });

  it('an extension that we do not know is refused with 420', async () => {
    await start();
    const reply = await (await gateway()).send({ headers: { Require: 'outbound' } });
    expect(reply.status).toBe(420);
    expect(reply.header('unsupported')).toBe('outbound');
  });

  it('a gateway that started anew without the call it held tells the call', async () => {
    await start();
    const gw = await gateway();
    const lostCallId = newCallId();
    const traceId = '1-67e00000-0123456789abcdef01234567';
    const lost = { lostCallId, lostTraceId: traceId };
    controlPlane.register = async () => ({ result: 'bindings', contacts: [], fresh: true, ...lost });
    expect((await gw.register()).status).toBe(200);
    await until('the fact', () => edge.factsOf('gateway.lost').length === 1);
    expect(edge.factsOf('gateway.lost')[0]).toMatchObject({
      callId: lostCallId,
      traceId,
      username: gw.username,
    });
    expect(edge.lost).toEqual([{ callId: lostCallId, traceId, gateway: gw.username }]);
  });

  it('wakes the call that waited for this gateway', async () => {
    await start();
    const gw = await gateway();
    const [matchedCallId, matchedTraceId] = [newCallId(), '1-67e00000-0123456789abcdef01234567'];
    const matched = { matchedCallId, matchedTraceId };
    controlPlane.register = async () => ({ result: 'bindings', contacts: [], fresh: true, ...matched });
    expect((await gw.register()).status).toBe(200);
    expect(edge.matched).toEqual([{ callId: matchedCallId, traceId: matchedTraceId }]);
  });

  it('a gateway whose call is over gets 403 with the reason', async () => {
    await start();
    const gw = await gateway();
    controlPlane.register = async () => ({ result: 'refused', reason: 'call-over' });
    const reply = await gw.register();
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('call-over');
  });
});
