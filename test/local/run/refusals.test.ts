import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SwitchroomProcess } from '../../support/process/switchroom-process.ts';
import { until } from '../../support/until.ts';
import { newDirectory, start } from './support/run.ts';

describe('what keeps npm start from starting is said in one line, and nothing is left', () => {
  async function expectRefusal(run: SwitchroomProcess, code: number, message: RegExp): Promise<void> {
    expect(await run.exited).toEqual({ code, signal: null });
    expect(run.stderr).toMatch(message);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    await until('no process is left', () => run.processes().length === 0);
  }

  it.each([
    ['an unknown option', ['--gatways', '2'], /--gatways.*--help/],
    ['a word too many', ['now'], /now.*--help/],
    ['a wrong number', ['--min-free', 'many'], /--min-free takes a whole number/],
    ['a wrong address', ['--sip', '5060'], /--sip takes HOST:PORT/],
    ['a wrong word', ['--after-call', 'explode'], /--after-call takes stop or reuse/],
    ['an unknown setting', ['--set', 'lockLeaseMinutes=1'], /unknown setting lockLeaseMinutes/],
    ['a setting out of range', ['--set', 'lockLeaseSec=0'], /lockLeaseSec/],
    [
      'a policy that is not there',
      ['--set', 'poolPolicyFile=/nowhere.json'],
      /poolPolicyFile: \/nowhere\.json/,
    ],
    ['a secret that no account line can hold', ['--secret', 'two words'], /--secret takes/],
    ['a drachtio that is none', ['--drachtio', '/nowhere/drachtio'], /\/nowhere\/drachtio/],
  ])('%s', async (_what, args, message) => {
    await expectRefusal(start(args), 2, message);
  });

  it('a wrong variable of the edge', async () => {
    const run = start(['--edge', 'GATEWAY_TIMEOUT_MS=never', '--min-free', '0', '--max', '0']);
    await expectRefusal(run, 1, /edge ended.*GATEWAY_TIMEOUT_MS/);
  });

  it('a variable that the edge does not know', async () => {
    const run = start(['--edge', 'GATEWAY_TIMEOUT=500', '--min-free', '0', '--max', '0']);
    await expectRefusal(run, 1, /edge ended.*GATEWAY_TIMEOUT is none: is GATEWAY_TIMEOUT_MS meant/);
  });

  it("a slip in the policy's file, also one made since the last start", async () => {
    const directory = newDirectory('policy');
    const file = join(directory, 'policy.json');
    const args = ['--min-free', '0', '--max', '0', '--set', `poolPolicyFile=${file}`];
    writeFileSync(file, JSON.stringify({ policy: 'predictive', minFree: 0 }));
    const right = start(args);
    await right.ready();
    right.child.kill('SIGINT');
    await right.exited;
    writeFileSync(file, JSON.stringify({ policy: 'predictive', minfree: 0 }));
    await expectRefusal(start(args), 2, /poolPolicyFile: \S+policy\.json: Unrecognized key: "minfree"/);
  });

  it('a TCP port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expectRefusal(
      start(['--sip', `127.0.0.1:${port}`]),
      1,
      new RegExp(`port ${port} of 127.0.0.1 is taken \\(TCP\\).*--sip`),
    );
    server.close();
  });

  it('a UDP port that is taken', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    await expectRefusal(
      start(['--sip', `127.0.0.1:${port}`]),
      1,
      new RegExp(`port ${port} .*taken \\(UDP\\)`),
    );
    socket.close();
  });

  it('an address of another machine', async () => {
    await expectRefusal(start(['--sip', '192.0.2.1:5060']), 1, /192\.0\.2\.1 is no address of this machine/);
  });

  it('a data directory that cannot be', async () => {
    const run = start(['--data', '/proc/nothing']);
    await expectRefusal(run, 1, /--data \/proc\/nothing cannot be used \(ENOENT\)/);
  });

  it('a table engine that is missing', async () => {
    await expectRefusal(start([], { DYNOXIDE: '/nowhere/dynoxide' }), 1, /table engine is missing.*npm ci/);
  });

  it('another run with the same run file', async () => {
    const first = start(['--min-free', '0', '--max', '0']);
    await first.ready();
    await expectRefusal(start(['--run-file', first.runFile]), 1, /another run \(process \d+\) is on/);
  });

  it('but not the run file of a run that was killed', async () => {
    const run = start(['--min-free', '0', '--max', '0']);
    mkdirSync(run.tmp, { recursive: true });
    writeFileSync(run.runFile, JSON.stringify({ pid: 999_999_999 }));
    await run.ready();
    expect(JSON.parse(readFileSync(run.runFile, 'utf8'))).toMatchObject({ pid: run.child.pid });
  });
});
