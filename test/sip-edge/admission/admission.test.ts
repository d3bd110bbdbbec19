import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bestChallenge, type Challenge, digestAnswer } from '../../../sip/digest/client.ts';
import { newCallId } from '../../../sip/message/build.ts';
import { type ControlPlane, ControlPlaneUnavailable } from '../../../sip-edge/ports.ts';
import type { ReceivedResponse } from '../../support/sip-peer/message.ts';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import type { RequestParts } from '../../support/sip-peer/raw-peer.ts';
import { challengeParams } from '../../support/sip-peer/registrant.ts';
import { until } from '../../support/until.ts';
import { useSipServer } from '../../support/use-sip-server.ts';
import { gatewayAt, password, startEdge, type TestEdge } from '../support/edge.ts';
import { domain } from '../support/environment.ts';

const down = async () => {
  throw new ControlPlaneUnavailable('network', 'down');
};
const registered: ControlPlane = {
  register: async () => ({ result: 'bindings', contacts: [], fresh: false }),
  allocate: down,
  listEdgeCalls: async () => ({ calls: [] }),
  renewEdge: async () => ({ hangups: [] }),
};

const server = useSipServer();
let edge: TestEdge;
let isOpen = false;
let client: SipPeer;

beforeEach(async () => {
  client = await SipPeer.connect('udp', server.sip);
});

afterEach(async () => {
  await client.close();
  if (isOpen) await edge.close();
  isOpen = false;
});

async function start(environment: Record<string, string> = {}, controlPlane = registered) {
  edge = await startEdge(server, controlPlane, environment);
  isOpen = true;
}

const invite = (changes: Partial<RequestParts> = {}) => ({
  method: 'INVITE',
  uri: `sip:room@${domain}`,
  callId: newCallId(),
  ...changes,
  headers: { Contact: `<${client.contact}>`, ...changes.headers },
});

/** Sends a request that gets no answer, and waits until the edge has seen it. */
async function sendIntoSilence(parts: ReturnType<typeof invite>, why: string) {
  client.send(client.build(parts));
  await until(why, () => edge.log.lines.some((line) => line.callId === parts.callId && line.outcome === why));
  // Whatever would have been answered has been by the time that a later request is.
  await client.ask({ method: 'OPTIONS', uri: `sip:${domain}` });
  expect(client.answersTo(parts.callId).filter(({ status }) => status >= 200)).toEqual([]);
  expect(edge.invited).not.toContain(parts.callId);
}

describe('an INVITE', () => {
  it('for our domain from elsewhere reaches the call handler', async () => {
    await start();
    const parts = invite();
    expect((await client.ask(parts)).status).toBe(480);
    expect(edge.invited).toEqual([parts.callId]);
  });

  it.each<[string, Partial<RequestParts>, number, string]>([
    ['for another domain: nothing is relayed', { uri: 'sip:room@elsewhere.test' }, 403, 'foreign-domain'],
    ['for our own address', { uri: 'sip:room@127.0.0.1' }, 403, 'foreign-domain'],
    ['from a user of ours that shows nothing', { from: `<sip:boss@${domain}>` }, 403, 'not-authorised'],
    ['without hops left', { headers: { 'Max-Forwards': '0' } }, 483, 'too-many-hops'],
    ['with a Call-ID of 257 characters', { callId: 'x'.repeat(257) }, 400, 'bad-call-id'],
    ['with a Call-ID that would act on a screen', { callId: 'a\u009b31m' }, 400, 'bad-call-id'],
  ])('is refused %s', async (_case, changes, status, why) => {
    await start();
    const parts = invite(changes);
    const reply = await client.ask(parts);
    expect(reply.status).toBe(status);
    expect(reply.header('reason')).toContain(why);
    expect(edge.invited).toEqual([]);
  });

  it('is refused inside a dialog that is none, by the edge or by drachtio', async () => {
    await start();
    const reply = await client.ask(invite({ to: `<sip:room@${domain}>;tag=gone` }));
    expect(reply.status).toBe(481);
    expect(edge.invited).toEqual([]);
  });

  it('from a user of ours passes with its password, and is asked anew when the nonce is old', async () => {
    await start();
    const gateway = gatewayAt(client);
    gateway.takeChallenge(await gateway.send());
    const uri = `sip:room@${domain}`;
    const credentials = { username: gateway.username, password, method: 'INVITE', uri };
    const from = gateway.aor;
    const ask = (challenge: Challenge | undefined, changes = {}): Promise<ReceivedResponse> => {
      if (challenge === undefined) throw new Error('no challenge');
      const answer = digestAnswer({ challenge, nonceCount: 1, ...credentials, ...changes });
      return client.ask(invite({ from, headers: { 'Proxy-Authorization': answer } }));
    };

    expect((await ask(gateway.challenge)).status).toBe(480);
    expect((await ask(gateway.challenge, { password: 'guess', nonceCount: 2 })).status).toBe(403);
    const stale = await ask(gateway.challenge);
    expect(stale.status).toBe(407);
    const challenge = bestChallenge(stale.headers.getAll('proxy-authenticate'));
    expect(challengeParams(stale.header('proxy-authenticate')).stale).toBe('true');
    expect((await ask(challenge)).status).toBe(480);
    expect(edge.invited).toHaveLength(2);
  });

  it('from a user of ours passes from a trusted address', async () => {
    await start({ TRUSTED_ADDRESSES: '10.0.0.0/8, 127.0.0.0/8' });
    expect((await client.ask(invite({ from: `<sip:boss@${domain}>` }))).status).toBe(480);
  });

  it('of a scanner meets silence', async () => {
    await start();
    await sendIntoSilence(invite({ headers: { 'User-Agent': 'friendly-scanner' } }), 'scanner');
  });

  it('is refused with 503 while the edge drains, as is OPTIONS', async () => {
    await start();
    edge.calls.active = 1;
    const drained = edge.app.drain();
    const refused = await client.ask(invite());
    expect(refused.status).toBe(503);
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(0);
    const options = { method: 'OPTIONS', uri: `sip:${domain}` };
    expect((await client.ask(options)).status).toBe(503);
    edge.calls.active = 0;
    await drained;
    expect(edge.calls.ended).toBe(false);
    expect(edge.invited).toEqual([]);
  });
});

describe('a call in progress', () => {
  it('is what a drain waits for, up to its limit; then it is ended', async () => {
    await start({ DRAIN_LIMIT_SEC: '0' });
    edge.calls.active = 1;
    await edge.app.drain();
    expect(edge.calls.ended).toBe(true);
  });
});

describe('another request', () => {
  // No REFER: a real drachtio neither answers nor passes on one outside a dialog.
  it.each(['MESSAGE', 'SUBSCRIBE', 'PUBLISH'])(
    'outside a dialog gets 405 with what is allowed: %s',
    async (method) => {
      await start();
      const headers = { Event: 'presence' };
      const reply = await client.ask({ ...invite({ headers }), method });
      expect(reply.status).toBe(405);
      const allowed = reply.header('allow').split(', ');
      expect(allowed).toContain('INVITE');
      // RFC 3261 21.4.6: what is valid there, and so not what was refused.
      expect(allowed).not.toContain(method);
    },
  );

  // No PRACK: a real drachtio says nothing to it.
  it.each(['NOTIFY', 'INFO', 'UPDATE'])(
    'that there is within a dialog alone gets 481 outside: %s',
    async (method) => {
      await start();
      const headers = { Event: 'keep-alive', 'Subscription-State': 'active' };
      const reply = await client.ask({ ...invite({ headers }), method });
      expect(reply.status).toBe(481);
    },
  );

  it('OPTIONS gets 200 with what is allowed, by whatever name it calls us', async () => {
    await start();
    const uri = `sip:${server.sip.host}:${server.sip.port}`;
    const reply = await client.ask({ method: 'OPTIONS', uri });
    expect(reply.status).toBe(200);
    expect(reply.header('allow')).toContain('INVITE');
  });

  it('OPTIONS gets 503 once the control plane has failed three times', async () => {
    await start({}, { ...registered, register: down });
    const gateway = gatewayAt(client);
    const options = () => ({ method: 'OPTIONS', uri: `sip:${domain}` });
    expect((await gateway.register()).status).toBe(503);
    expect((await client.ask(options())).status).toBe(200);
    for (let count = 0; count < 2; count += 1) {
      expect((await gateway.send({}, gateway.answer())).status).toBe(503);
    }
    const reply = await client.ask(options());
    expect(reply.status).toBe(503);
    expect(reply.header('reason')).toContain('control-plane-unavailable');
  });
});

describe('a flood', () => {
  // By TCP the kernel drops nothing on the way, and drachtio keeps more of a request than of a datagram.
  it.each([
    ['udp', 'is answered 503 above the limit, and not at all far above'],
    ['tcp', 'over a connection is answered 503 however far above'],
  ] as const)('%s: %s', async (transport, _what) => {
    await start({ ADDRESS_RATE_PER_SEC: '1', ADDRESS_BURST: '5' });
    const flooder = await SipPeer.connect(transport, server.sip);
    const flood = () => {
      for (let count = 0; count < 20; count += 1) flooder.send(flooder.build(invite()));
    };
    // In portions: what the kernel drops tells nothing of the edge.
    for (let portions = 0; portions < 15; portions += 1) {
      flood();
      await new Promise((go) => setImmediate(go));
    }
    const silent = () => edge.log.lines.filter(({ outcome }) => outcome === 'flood').length;
    const answers = () => flooder.received.filter((one) => one.kind === 'response' && one.status >= 200);
    // A busy machine drops many all the same: they are made up for.
    if (transport === 'udp') await until('silence', () => silent() > 200 || flood());
    else await until('all are answered', () => answers().length >= 300);
    expect(silent() > 0).toBe(transport === 'udp');
    await flooder.close();
    const refused = edge.log.lines.filter(({ outcome }) => outcome === 'rate-limited');
    expect(edge.invited.length).toBeGreaterThanOrEqual(5);
    expect(edge.invited.length).toBeLessThan(30);
    expect(refused.length).toBeLessThan(80);
  });

  it('from the address of a registered gateway is its own business', async () => {
    await start(
      { ADDRESS_RATE_PER_SEC: '1', ADDRESS_BURST: '5' },
      {
        ...registered,
        register: async () => ({
          result: 'bindings',
          contacts: [{ uri: 'sip:a@b', expiresSec: 60 }],
          fresh: true,
        }),
      },
    );
    const gateway = gatewayAt(client);
    expect((await gateway.register()).status).toBe(200);
    for (let count = 0; count < 30; count += 1) {
      expect((await gateway.send({}, gateway.answer())).status).toBe(200);
    }
  });
});

describe('what no parser should see', () => {
  it.each([
    ['an empty packet', ''],
    ['a keep-alive', '\r\n\r\n'],
    ['noise', '\x00\xff\xfe garbage \r\n\r\n'],
    ['a start line only', `INVITE sip:room@${domain} SIP/2.0\r\n\r\n`],
    ['a header without a colon', `OPTIONS sip:${domain} SIP/2.0\r\nnonsense\r\n\r\n`],
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('does no harm: %s', async (_case, text) => {
    await start();
    client.sendRaw(text);
    expect((await client.ask(invite())).status).toBe(480);
  });

  it('is refused: a message with 20 KB of headers', async () => {
    await start();
    const tcp = await SipPeer.connect('tcp', server.sip);
    const padding = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`X-Padding-${at}`, 'x'.repeat(1000)]),
    );
    const reply = await tcp.ask(invite({ headers: padding }));
    await tcp.close();
    expect([400, 413, 513]).toContain(reply.status);
    expect(edge.invited).toEqual([]);
  });
});
