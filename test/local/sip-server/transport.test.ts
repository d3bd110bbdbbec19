import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { StreamFramer } from '../../../local/sip-stack/transport/stream-framer.ts';
import { parseMessage, type SipMessage } from '../../../sip/message/message.ts';
import { eventually } from '../../support/eventually.ts';
import { type Fields, type ReceivedResponse, rawRequest, titleOf } from '../../support/sip-peer/message.ts';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import { until } from '../../support/until.ts';
import { type App, connectApp, startEmbeddedUnderTest, type UnderTest } from './support/under-test.ts';

/* What comes over the network that is no proper SIP, or too much of it. */

let server: UnderTest;
let app: App;
let peers: SipPeer[] = [];

const limits = {
  maxAnswersKept: 50,
  maxMessageBytes: 20_000,
  maxConnections: 8,
  messageTimeoutMs: 300,
  maxServerTransactions: 200,
};

beforeAll(async () => {
  server = await startEmbeddedUnderTest({ limits, timers: { t1Ms: 10, t2Ms: 80, t4Ms: 100 } });
  app = await connectApp(server, (srf) => {
    srf.options((_request, response) => response.send(200));
    // Never answers.
    srf.use('message', () => {});
  });
});
afterAll(async () => {
  app.kill();
  await server.stop();
});
afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.close()));
  peers = [];
});

async function open(protocol: 'udp' | 'tcp'): Promise<SipPeer> {
  const peer = await SipPeer.connect(protocol, server.sip);
  peers.push(peer);
  return peer;
}

const uri = () => `sip:x@127.0.0.1:${server.sip.port}`;

async function expectAnswers(peer: SipPeer): Promise<void> {
  expect((await peer.outside(uri()).ask('OPTIONS')).status).toBe(200);
}

/** An OPTIONS of which a test breaks something. */
function lines(peer: SipPeer, change: Fields = {}): string {
  const headers = { Via: peer.via(), Contact: undefined, ...change };
  return rawRequest({ method: 'OPTIONS', uri: uri(), callId: 'broken', headers });
}

/** The answer to an OPTIONS that was sent as it is. */
const answerTo = (peer: SipPeer, callId: string) =>
  peer.next(
    `answer to ${callId}`,
    (message): message is ReceivedResponse =>
      message.kind === 'response' && message.headers.get('call-id') === callId,
  );

describe.each(['udp', 'tcp'] as const)('a malformed request over %s', (protocol) => {
  it.each([
    ['without a To', { To: undefined }],
    ['with a broken CSeq', { CSeq: 'one OPTIONS' }],
    ['with the CSeq of another method', { CSeq: '1 INVITE' }],
  ])('%s gets 400, and the next request its answer', async (_what, change) => {
    const peer = await open(protocol);
    peer.sendRaw(lines(peer, change));
    const refused = await until('an answer comes', () => peer.received[0]);
    expect(refused).toMatchObject({ kind: 'response', status: 400 });
    expect(refused.headers.get('call-id')).toBe('broken');
    await expectAnswers(peer);
  });

  it('of another version gets 505', async () => {
    const peer = await open(protocol);
    peer.sendRaw(lines(peer).replace('SIP/2.0\r\n', 'SIP/7.0\r\n'));
    expect(await until('an answer comes', () => peer.received[0])).toMatchObject({ status: 505 });
  });

  it('of a method that nobody knows gets 501', async () => {
    const peer = await open(protocol);
    expect((await peer.outside(uri()).ask('BREW')).status).toBe(501);
  });
});

it('says nothing to a packet that cannot be answered', async () => {
  const peer = await open('udp');
  for (const packet of [
    'hello',
    '\r\n\r\n',
    lines(peer, { Via: undefined }),
    lines(peer, { Via: 'SIP/2.0/UDP' }),
  ]) {
    peer.sendRaw(packet);
  }
  peer.sendRaw(lines(peer, { CSeq: '1 ACK' }).replace('OPTIONS', 'ACK'));
  await expectAnswers(peer);
  expect(peer.received.map(titleOf)).toEqual(['200 OPTIONS']);
});

describe('a TCP stream', () => {
  it('is understood byte by byte, and several messages at once', async () => {
    const peer = await open('tcp');
    const request = lines(peer, { 'Call-ID': 'torn', 'Content-Length': '4', 'Content-Type': 'text/plain' });
    for (const byte of Buffer.from(`${request}\r\n\r\n`)) peer.sendRaw(Buffer.from([byte]));
    expect(await answerTo(peer, 'torn')).toMatchObject({ status: 200 });
    const both = lines(peer, { 'Call-ID': 'one' }) + lines(peer, { 'Call-ID': 'two' });
    peer.sendRaw(both);
    expect(await answerTo(peer, 'one')).toMatchObject({ status: 200 });
    expect(await answerTo(peer, 'two')).toMatchObject({ status: 200 });
  });

  it('gets CRLF for CRLF CRLF', async () => {
    const peer = await open('tcp');
    peer.sendRaw('\r\n\r\n');
    expect(await until('an answer comes', () => peer.bytes)).toBe('\r\n');
  });

  it.each([
    ['without Content-Length', { 'Content-Length': undefined }, 400],
    ['with a body too large', { 'Content-Length': '30000' }, 513],
    ['with two lengths', { 'Content-Length': '1', l: '2' }, 400],
  ] as const)('%s gets its status and is closed', async (_what, change, status) => {
    const peer = await open('tcp');
    peer.sendRaw(lines(peer, change));
    expect(await until('an answer comes', () => peer.received[0])).toMatchObject({ status });
    await eventually(() => expect(peer.closed).toBe(true));
  });

  it('of a head without end is closed', async () => {
    const peer = await open('tcp');
    peer.sendRaw(`OPTIONS ${uri()} SIP/2.0\r\n${'X: y\r\n'.repeat(8000)}`);
    await eventually(() => expect(peer.closed).toBe(true));
  });

  it.each(['', 'OPTIONS sip:x SIP/2.0\r\n'])('that stops after %j is closed', async (beginning) => {
    const peer = await open('tcp');
    peer.sendRaw(beginning);
    await eventually(() => expect(peer.closed).toBe(true));
  });

  it('of nothing but pings is closed', async () => {
    const peer = await open('tcp');
    const pings = setInterval(() => peer.sendRaw('\r\n\r\n'), limits.messageTimeoutMs / 6);
    onTestFinished(() => clearInterval(pings));
    await eventually(() => expect(peer.closed).toBe(true));
  });

  it('beyond the limit of connections is closed at once', async () => {
    const sockets: Socket[] = [];
    const closed = new Promise<number>((resolve) => {
      for (let at = 0; at <= limits.maxConnections; at++) {
        const socket = connect(server.sip.port, server.sip.host);
        socket.on('error', () => {});
        socket.on('close', () => resolve(at));
        sockets.push(socket);
      }
    });
    expect(await closed).toBeLessThanOrEqual(limits.maxConnections);
    for (const socket of sockets) socket.destroy();
  });

  it('leaves room for others where one address opens all that there are', async () => {
    const sockets = Array.from({ length: limits.maxConnections + 1 }, () =>
      connect({ ...server.sip, localAddress: '127.0.0.2' }).on('error', () => {}),
    );
    await Promise.race(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    await expectAnswers(await open('tcp'));
    for (const socket of sockets) socket.destroy();
  });

  it('comes apart into the same messages, however it is cut', () => {
    const wire = [
      'OPTIONS sip:a SIP/2.0\r\nVia: x\r\nContent-Length: 3\r\n\r\nabc',
      '\r\n\r\n',
      'SIP/2.0 200 OK\r\nl: 0\r\n\r\n',
      '\r\n',
      'INFO sip:b SIP/2.0\r\nl: 5\r\n\r\n\r\n\r\n!',
    ];
    const stream = Buffer.from(wire.join(''));
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const got: SipMessage[] = [];
        let pings = 0;
        const framer = new StreamFramer(1000, {
          onMessage: (message) => got.push(message),
          onPing: () => pings++,
        });
        let from = 0;
        for (const to of [...cuts.toSorted((a, b) => a - b), stream.length]) {
          framer.push(stream.subarray(from, to));
          from = to;
        }
        const whole = [wire[0], wire[2], wire[4]].map((text) => parseMessage(Buffer.from(text as string)));
        expect(got).toEqual(whole);
        expect(framer.midMessage).toBe(false);
      }),
    );
  });
});

it('goes on after any bytes, over UDP and TCP', async () => {
  const udp = await open('udp');
  const noise = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 300, seed: 7 });
  const nearly = fc.sample(fc.tuple(fc.nat(250), fc.uint8Array({ maxLength: 9 })), { numRuns: 300, seed: 7 });
  for (const bytes of noise) udp.sendRaw(Buffer.from(bytes));
  for (const [at, bytes] of nearly) {
    const text = Buffer.from(lines(udp));
    udp.sendRaw(Buffer.concat([text.subarray(0, at), bytes, text.subarray(at)]));
  }
  for (const bytes of noise.slice(0, 30)) {
    const socket = connect(server.sip.port, server.sip.host, () => socket.end(Buffer.from(bytes)));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await expectAnswers(await open('udp'));
  await expectAnswers(await open('tcp'));
});

it('refuses a flood with 503 beyond its limit of transactions, and is there again afterwards', async () => {
  const peer = await open('udp');
  for (let at = 0; at < 2 * limits.maxServerTransactions; at++) {
    peer.outside(uri()).send('MESSAGE');
  }
  await until('a 503 comes', () => peer.count('503 MESSAGE') > 0);
  expect(server.counts?.().serverTransactions).toBeLessThanOrEqual(
    limits.maxServerTransactions + limits.maxAnswersKept,
  );
});
