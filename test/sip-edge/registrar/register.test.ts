import { describe, expect, it } from 'vitest';
import { newCallId } from '../../../sip/message/build.ts';
import { startTestTable } from '../../support/dynamodb.ts';
import { rawRequest } from '../../support/sip-peer/message.ts';
import { bindingsOf, challengeParams } from '../../support/sip-peer/registrant.ts';
import { until } from '../../support/until.ts';
import { domain } from '../support/environment.ts';
import { TableWorld } from '../support/table-world.ts';
import { RegistrarSuite, uriOf } from './support.ts';

/* REGISTER over real sockets: client → SIP server → edge → the functions' code → table. */

const suite = new RegistrarSuite();

describe.each(['udp', 'tcp'] as const)('a gateway over %s', (transport) => {
  it('is challenged by MD5 and SHA-256 in headers of their own, then registers', async () => {
    const gw = await suite.open({}, transport);
    const asked = await gw.send();
    expect(asked.status).toBe(401);
    const offered = asked.headers.getAll('www-authenticate').map(challengeParams);
    expect(offered.map(({ algorithm }) => algorithm)).toEqual(['MD5', 'SHA-256']);

    gw.takeChallenge(asked);
    const reply = await gw.send({}, gw.answer());
    expect(reply.status).toBe(200);
    expect(bindingsOf(reply)).toEqual({ [uriOf(gw.contact)]: 3600 });
    expect(Date.parse(reply.header('date'))).not.toBeNaN();
    expect(suite.edge.factsOf('gateway.registered')).toEqual([
      expect.objectContaining({
        username: gw.username,
        registrationId: gw.callId,
        contact: uriOf(gw.contact),
        received: { address: '127.0.0.1', port: gw.peer.port, protocol: transport },
      }),
    ]);
  });

  it('refreshes with the nonce it has, silently, and un-registers', async () => {
    const gw = await suite.open({}, transport);
    await gw.register({ expires: '120' });
    const refreshed = await gw.send({ expires: '120' }, gw.answer());
    expect(refreshed.status).toBe(200);
    expect(suite.edge.factsOf('gateway.registered')).toHaveLength(1);

    const gone = await gw.send({ expires: '0' }, gw.answer());
    expect(gone.status).toBe(200);
    expect(gone.headers.getAll('contact')).toEqual([]);
    expect(suite.edge.factsOf('gateway.unregistered')).toEqual([
      expect.objectContaining({ username: gw.username, registrationId: gw.callId }),
    ]);
  });
});

describe('the name', () => {
  it.each(['alice', '10.0.0.7.other.1', 'x.mediagw.', '.mediagw.1', 'a b.mediagw.1'])(
    'that is no gateway name gets 403: %s',
    async (username) => {
      const gw = await suite.open({}, 'udp', encodeURIComponent(username));
      const reply = await gw.send();
      expect(reply.status).toBe(403);
      expect(reply.header('reason')).toContain('no-gateway-name');
    },
  );

  it('of another domain gets 404, a Request-URI of another domain 403', async () => {
    const gw = await suite.open();
    expect((await gw.send({ to: `<sip:${gw.username}@elsewhere.test>` })).status).toBe(404);
    expect((await gw.send({ uri: 'sip:elsewhere.test' })).status).toBe(403);
  });
});

describe('order', () => {
  it('a retransmission gets the same answer and is no second write', async () => {
    const gw = await suite.open();
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
    expect(suite.controlPlane.commands).toHaveLength(1);
  });

  it('a REGISTER older than the one held gets 400', async () => {
    const gw = await suite.open();
    await gw.register({ cseq: 10 });
    const reply = await gw.send({ cseq: 9 }, gw.answer());
    expect(reply.status).toBe(400);
    expect(reply.header('reason')).toContain('out-of-order');
  });

  it.each(['x REGISTER', '4294967296 REGISTER', '1 INVITE'])(
    'a CSeq that is none gets 400 or silence: %s',
    async (cseq) => {
      const gw = await suite.open();
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
      expect(suite.controlPlane.commands).toHaveLength(1);
    },
  );
});

describe('trouble', () => {
  it('with the table is 503 with Retry-After, and passes', async () => {
    const own = await startTestTable();
    try {
      suite.controlPlane = new TableWorld(own.client, own.tableName);
      const gw = await suite.open();
      expect((await gw.register()).status).toBe(200);
      await own.stop();
      const reply = await gw.send({}, gw.answer());
      expect(reply.status).toBe(503);
      expect(Number(reply.header('retry-after'))).toBeGreaterThanOrEqual(5);
      expect(reply.header('reason')).toContain('control-plane-unavailable');
      expect(suite.edge.log.lines).toContainEqual(
        expect.objectContaining({ callId: gw.callId, outcome: 'control-plane-unavailable' }),
      );
    } finally {
      await own.stop();
    }
  });

  it('an extension that we do not know is refused with 420', async () => {
    const gw = await suite.open();
    const reply = await gw.send({ headers: { Require: 'outbound' } });
    expect(reply.status).toBe(420);
    expect(reply.header('unsupported')).toBe('outbound');
  });

  it('a gateway that started anew without the call it held tells the call', async () => {
    const gw = await suite.open();
    const lostCallId = newCallId();
    const traceId = '1-67e00000-0123456789abcdef01234567';
    const lost = { lostCallId, lostTraceId: traceId };
    suite.controlPlane.register = async () => ({ result: 'bindings', contacts: [], fresh: true, ...lost });
    expect((await gw.register()).status).toBe(200);
    await until('the fact', () => suite.edge.factsOf('gateway.lost').length === 1);
    expect(suite.edge.factsOf('gateway.lost')[0]).toMatchObject({
      callId: lostCallId,
      traceId,
      username: gw.username,
    });
    expect(suite.edge.lost).toEqual([{ callId: lostCallId, traceId, gateway: gw.username }]);
  });

  it('wakes the call that waited for this gateway', async () => {
    const gw = await suite.open();
    const [matchedCallId, matchedTraceId] = [newCallId(), '1-67e00000-0123456789abcdef01234567'];
    const matched = { matchedCallId, matchedTraceId };
    suite.controlPlane.register = async () => ({ result: 'bindings', contacts: [], fresh: true, ...matched });
    expect((await gw.register()).status).toBe(200);
    expect(suite.edge.matched).toEqual([{ callId: matchedCallId, traceId: matchedTraceId }]);
  });

  it('a gateway whose call is over gets 403 with the reason', async () => {
    const gw = await suite.open();
    suite.controlPlane.register = async () => ({ result: 'refused', reason: 'call-over' });
    const reply = await gw.register();
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('call-over');
  });
});
