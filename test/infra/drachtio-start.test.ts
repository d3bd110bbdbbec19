import { execFileSync, spawn } from 'node:child_process';
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

const options = [
  'OPTIONS sip:sip.example.org SIP/2.0',
  'Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKstart;rport',
  'From: <sip:a@example.net>;tag=1',
  'To: <sip:sip.example.org>',
  'Call-ID: start',
  'CSeq: 1 OPTIONS',
  'Max-Forwards: 70',
  'Content-Length: 0',
  '\r\n',
].join('\r\n');

describe.skipIf(binary === undefined)("the start of the edge's drachtio", () => {
  it('takes SIP over TCP and TLS, and an application from this host alone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'drachtio-start-'));
    const file = (name: string) => join(dir, name);
    symlinkSync(binary as string, file('drachtio'));
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
    const child = spawn('sh', ['-c', drachtioStart(true)], {
      stdio: 'ignore',
      env: {
        PATH: `${dir}:${process.env.PATH}`,
        DRACHTIO_SECRET: 'of-the-template',
        EXTERNAL_IP: '203.0.113.7',
        LOCAL_NET: '127.0.0.0/8',
        SIP_DOMAIN: 'sip.example.org',
        SIP_PORT: String(sip),
        SIPS_PORT: String(sips),
        TLS_CERT: readFileSync(file('cert'), 'utf8'),
        TLS_KEY: readFileSync(file('key'), 'utf8'),
      },
    });
    try {
      await until('SIP over TCP', () => isOpen('127.0.0.1', sip));
      // It has no application: that it answers at all, over TLS and in its own words, is what counts.
      expect(await until('an answer over TLS', () => answerOverTls(sips))).toMatch(/^SIP\/2\.0 503 /);
      expect(await isOpen('127.0.0.1', 9022)).toBe(true);
      expect(await isOpen(notLocalhost, 9022)).toBe(false);
      expect(await isOpen('::1', sip)).toBe(false);
    } finally {
      child.kill('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

function isOpen(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectTcp(port, host, () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function answerOverTls(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
    socket.write(options),
  );
  socket.on('data', (data) => resolve(data.toString()));
  socket.on('error', () => resolve(undefined));
  return promise.finally(() => socket.destroy());
}
