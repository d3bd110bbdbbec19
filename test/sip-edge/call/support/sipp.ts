import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { patienceMs } from '../../../support/patience.ts';
import type { Transport } from '../../../support/sip-peer/wire.ts';
import { type Address, freeSipPort } from '../../../support/sip-server.ts';

const scenarios = resolve(import.meta.dirname, '../../../sipp/call');

export interface Sipp {
  readonly port: number;
  /**
   * Settles when all its calls went as the scenario says.
   * @throws with SIPp's errors where one did not
   */
  finished(): Promise<void>;
  stop(): Promise<void>;
}

export interface SippOptions {
  transport: Transport;
  /** How many calls; a gateway then ends. */
  calls: number;
  /** Where a caller calls. */
  server?: Address;
  /** User part of the request URI. */
  room?: string;
  /** Calls a second. */
  rate?: number;
}

/**
 * Starts SIPp with a scenario of test/sipp/call: a caller where a server is given, else a gateway, which then
 * listens already.
 * @param name of the file, without `.xml`
 */
export async function startSipp(name: string, options: SippOptions): Promise<Sipp> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const sipp = await launch(name, options);
    if (options.server || (await isListening(sipp, options.transport))) return sipp;
    // Somebody else took the port meanwhile.
    await sipp.stop();
    if (Date.now() > deadline) throw new Error(`sipp ${name} does not listen`);
  }
}

async function launch(name: string, options: SippOptions): Promise<Sipp & { hasEnded(): boolean }> {
  const { transport, calls, server, room = 'room', rate = 10 } = options;
  const port = await freeSipPort();
  const directory = await mkdtemp(join(tmpdir(), 'sipp-'));
  const errors = join(directory, 'errors.log');
  const args = ['-sf', join(scenarios, `${name}.xml`), '-i', '127.0.0.1'];
  args.push('-t', transport === 'udp' ? 'u1' : 't1', '-m', String(calls), '-nostdin');
  args.push('-trace_err', '-error_file', errors, '-timeout', `${patienceMs / 1000}s`, '-timeout_error');
  // A caller's port is for SIPp to find.
  if (server) args.push('-s', room, '-r', String(rate), `${server.host}:${server.port}`);
  else args.push('-p', String(port));
  const child: ChildProcess = spawn('sipp', args, { stdio: 'ignore', cwd: directory });
  const exited = new Promise<number | null>((done, failed) => {
    child.once('exit', (code) => done(code));
    child.once('error', failed);
  });
  // Where nobody waits for it any more, its end is no concern.
  exited.catch(() => {});
  return {
    port,
    hasEnded: () => child.exitCode !== null,
    async finished() {
      const code = await exited;
      const why = await readFile(errors, 'utf8').catch(() => '');
      if (code !== 0) throw new Error(`sipp ${name} ended with ${code}\n${why.slice(0, 4000)}`);
    },
    async stop() {
      child.kill('SIGKILL');
      await exited.catch(() => {});
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Looks without a packet: SIPp would take one for a call. */
async function isListening({ port, hasEnded }: Sipp & { hasEnded(): boolean }, transport: Transport) {
  const socket = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const deadline = Date.now() + patienceMs;
  while (!hasEnded() && Date.now() < deadline) {
    if ((await readFile(`/proc/net/${transport}`, 'utf8')).includes(socket)) return true;
    await delay(20);
  }
  return false;
}
