import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patienceMs } from '../../support/patience.ts';
import { freeSipPort } from '../../support/sip-server.ts';
import { unawaited } from '../../support/unawaited.ts';
import { type App, connectApp, join, startUnderTest, type UnderTest } from './support/under-test.ts';

/* SIPp, which none of us wrote, calls SIPp through the server and a bridge of drachtio-srf. */

const hasSipp = spawnSync('sipp', ['-v']).error === undefined;
if (!hasSipp) {
  if (process.env.CI) throw new Error('sipp is missing: apt-get install sip-tester');
  console.log('sipp is not installed: its calls are left out (apt-get install sip-tester)');
}

let server: UnderTest;
let app: App;
let calleePort: number;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(joinPath(tmpdir(), 'sipp-'));
  calleePort = await freeSipPort();
  server = await startUnderTest();
  app = await connectApp(server, (srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const transport = request.protocol;
        try {
          const uac = await srf.createUAC(
            `sip:callee@127.0.0.1:${calleePort};transport=${transport}`,
            { localSdp: request.body ?? '' },
            { cbProvisional: (provisional) => provisional.status > 100 && response.send(provisional.status) },
          );
          join(await srf.createUAS(request, response, { localSdp: uac.remote.sdp }), uac);
        } catch (error) {
          response.send((error as { status?: number }).status ?? 500);
        }
      }),
    ),
  );
});
afterAll(async () => {
  app?.kill();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Runs SIPp. @returns how it ended and the end of what it said, and `stop` */
function sipp(options: readonly string[]) {
  const limit = ['-timeout', `${patienceMs / 1000}s`, '-timeout_error'];
  const child = spawn('sipp', ['-i', '127.0.0.1', '-nostdin', ...limit, ...options], { cwd: directory });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      said = `${said}${bytes}`.slice(-6000);
    });
  }
  const ended = new Promise<{ code: number | null; said: string }>((resolve) => {
    child.once('exit', (code) => resolve({ code, said }));
  });
  return { ended, stop: () => child.kill('SIGKILL') };
}

describe.skipIf(!hasSipp)('SIPp calls SIPp', () => {
  it.each([
    ['udp', 'u1'],
    ['tcp', 't1'],
  ])('over %s, and every call is set up and ended', async (_protocol, transport) => {
    const calls = ['-m', '30', '-r', '30'];
    const callee = sipp(['-sn', 'uas', '-t', transport, '-p', String(calleePort), '-m', '30']);
    const at = `${server.sip.host}:${server.sip.port}`;
    const port = String(await freeSipPort());
    const caller = sipp(['-sn', 'uac', at, '-t', transport, '-p', port, '-d', '200', ...calls]);
    try {
      const [called, answered] = await Promise.all([caller.ended, callee.ended]);
      expect(called, called.said).toMatchObject({ code: 0 });
      expect(answered, answered.said).toMatchObject({ code: 0 });
    } finally {
      caller.stop();
      callee.stop();
    }
  });
});
