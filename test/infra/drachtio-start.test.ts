import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { drachtioStart } from '../../infra/edge/drachtio-start.ts';
import { freePort } from '../../local/run/ports.ts';
import { until } from '../support/until.ts';

/* Runs where DRACHTIO names a binary: no other program understands what the script starts. */

const binary = process.env.DRACHTIO?.includes('/') ? process.env.DRACHTIO : undefined;
/** Where the admin port does not listen: it must be reached by 127.0.0.1 alone. */
const notLocalhost = '127.0.0.2';

const requestOf = (method: string, transport: string) =>
  [
    `${method} sip:sip.example.org SIP/2.0`,
    `Via: SIP/2.0/${transport} 127.0.0.1:9;branch=z9hG4bKstart;rport`,
    'From: <sip:a@example.net>;tag=1',
    'To: <sip:sip.example.org>',
    'Call-ID: start',
    `CSeq: 1 ${method}`,
    'Contact: <sip:a@127.0.0.1:9>',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

describe.skipIf(binary === undefined)("the start of the edge's drachtio", () => {
  it('takes SIP over TCP and TLS, and an application from this host alone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'drachtio-start-'));
    const file = (name: string) => join(dir, name);
    const request = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=sip.example.org',
    ];
    execFileSync('openssl', [...request, '-keyout', file('key'), '-out', file('cert')], { stdio: 'ignore' });
    const [sip, sips] = [await freePort(), await freePort()];
    const { server, address, captured } = await captureServer();
    const child = start(dir, true, {
      CAPTURE_SERVER: address,
      CAPTURE_ID: '1',
      SIP_PORT: String(sip),
      SIPS_PORT: String(sips),
      TLS_CERT: readFileSync(file('cert'), 'utf8'),
      TLS_KEY: readFileSync(file('key'), 'utf8'),
    });
    try {
      await until('SIP over TCP', () => isOpen('127.0.0.1', sip));
      // It has no application: that it answers at all, over TLS and in its own words, is what counts.
      expect(await until('an answer over TLS', () => answerOverTls(sips))).toMatch(/^SIP\/2\.0 503 /);
      // What docs/security.md warns of: a copy of what came by TLS is in clear.
      await until('a copy of it', () => captured.some(({ text }) => text.startsWith('OPTIONS ')));
      expect(await isOpen('127.0.0.1', 9022)).toBe(true);
      expect(await isOpen(notLocalhost, 9022)).toBe(false);
      expect(await isOpen('::1', sip)).toBe(false);
    } finally {
      child.kill('SIGKILL');
      server.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('sends a copy of its SIP, in both directions, to the capture server', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'drachtio-start-'));
    const [{ server, address, captured }, caller] = [await captureServer(), createSocket('udp4')];
    const sip = await freePort();
    const child = start(dir, false, {
      SIP_PORT: String(sip),
      CAPTURE_SERVER: address,
      CAPTURE_ID: '2',
    });
    try {
      await until('SIP over TCP', () => isOpen('127.0.0.1', sip));
      caller.send(requestOf('INVITE', 'UDP'), sip, '127.0.0.1');
      const sentPort = () => caller.address().port;
      await until('the INVITE', () =>
        captured.some(({ text, from, to }) => /^INVITE /.test(text) && from === sentPort() && to === sip),
      );
      await until('its answer', () =>
        captured.some(
          ({ text, from, to }) => /^SIP\/2\.0 503 /.test(text) && from === sip && to === sentPort(),
        ),
      );
      expect(new Set(captured.map(({ id }) => id))).toEqual(new Set([2]));
    } finally {
      child.kill('SIGKILL');
      for (const socket of [server, caller]) socket.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

/** Starts the binary as the container of an edge does, from a directory of its own. */
function start(dir: string, tls: boolean, env: Record<string, string>) {
  symlinkSync(binary as string, join(dir, 'drachtio'));
  return spawn('sh', ['-c', drachtioStart(tls)], {
    stdio: 'ignore',
    env: {
      PATH: `${dir}:${process.env.PATH}`,
      DRACHTIO_SECRET: 'of-the-template',
      EXTERNAL_IP: '203.0.113.7',
      LOCAL_NET: '127.0.0.0/8',
      SIP_DOMAIN: 'sip.example.org',
      ...env,
    },
  });
}

interface Captured {
  from: number | undefined;
  to: number | undefined;
  id: number | undefined;
  text: string;
}

/** Keeps what comes to it. */
async function captureServer() {
  const server = createSocket('udp4');
  const captured: Captured[] = [];
  server.on('message', (packet) => captured.push(readHep(packet)));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, captured, address: `127.0.0.1:${server.address().port}` };
}

/** A packet of HEP 3: its name and length, then chunks of vendor, type, length and value (the HEP/EEP draft of sipcapture). */
function readHep(packet: Buffer): Captured {
  expect(packet.toString('latin1', 0, 4)).toBe('HEP3');
  expect(packet.readUInt16BE(4)).toBe(packet.length);
  const chunks = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; at += packet.readUInt16BE(at + 4)) {
    chunks.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + packet.readUInt16BE(at + 4)));
  }
  return {
    from: chunks.get(7)?.readUInt16BE(),
    to: chunks.get(8)?.readUInt16BE(),
    id: chunks.get(12)?.readUInt32BE(),
    text: chunks.get(15)?.toString('latin1') ?? '',
  };
}

function isOpen(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectTcp(port, host, () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function answerOverTls(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
    socket.write(requestOf('OPTIONS', 'TLS')),
  );
  socket.on('data', (data) => resolve(data.toString()));
  socket.on('error', () => resolve(undefined));
  return promise.finally(() => socket.destroy());
}
