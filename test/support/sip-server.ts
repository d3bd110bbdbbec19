import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { patienceMs } from './patience.ts';

/*
 * The SIP server under the edge's tests: the embedded one (local/sip-server), or a real drachtio where the
 * environment names one, so that the same scenarios run against either.
 *   DRACHTIO=/path/to/drachtio                     a binary, started for each test file
 *   DRACHTIO=host:port DRACHTIO_SIP=host:port      one that runs already (admin and SIP address)
 */

export interface Address {
  host: string;
  port: number;
}

export interface SipServer {
  kind: 'drachtio' | 'embedded';
  /** Where the application connects. */
  admin: Address;
  /** Where SIP is taken, UDP and TCP. */
  sip: Address;
  secret: string;
  /** Kills the server as a crash would; the addresses stay reserved for `restart`. */
  crash: () => Promise<void>;
  /** Starts it again on the same addresses. */
  restart: () => Promise<void>;
  stop(): Promise<void>;
}

export interface SipServerOptions {
  /** IPv4 address that it advertises in the place of its own. */
  externalIp?: string;
}

/** Whether the SIP server can be killed and started again: one that runs already is not ours. */
export const isOurServer = !process.env.DRACHTIO || process.env.DRACHTIO.includes('/');

const secret = 'test-secret';
const root = resolve(import.meta.dirname, '../..');

/** Starts the SIP server that the environment asks for, on free ports of 127.0.0.1. */
export async function startSipServer({ externalIp }: SipServerOptions = {}): Promise<SipServer> {
  const { DRACHTIO, DRACHTIO_SIP, DRACHTIO_SECRET } = process.env;
  if (DRACHTIO === undefined || DRACHTIO === '') return startEmbedded(externalIp);
  if (!isOurServer) {
    const admin = addressOf(DRACHTIO);
    const sip = addressOf(DRACHTIO_SIP ?? '127.0.0.1:5060');
    const refuse = () => Promise.reject(new Error('a SIP server that runs already is not ours to end'));
    return {
      kind: 'drachtio',
      admin,
      sip,
      secret: DRACHTIO_SECRET ?? 'cymru',
      crash: refuse,
      restart: refuse,
      stop: async () => {},
    };
  }
  return startDrachtio(DRACHTIO, externalIp);
}

async function startDrachtio(binary: string, externalIp?: string): Promise<SipServer> {
  const directory = await mkdtemp(join(tmpdir(), 'drachtio-'));
  const admin = { host: '127.0.0.1', port: await freeSipPort() };
  const sip = { host: '127.0.0.1', port: await freeSipPort() };
  const config = join(directory, 'drachtio.xml');
  await writeFile(
    config,
    `<drachtio>
  <admin port="${admin.port}" secret="${secret}">${admin.host}</admin>
  <sip><contacts><contact${externalIp ? ` external-ip="${externalIp}"` : ''}>sip:${sip.host}:${sip.port};transport=udp,tcp</contact></contacts></sip>
  <cdrs>false</cdrs>
  <logging><console/><sofia-loglevel>1</sofia-loglevel><loglevel>error</loglevel></logging>
</drachtio>`,
  );
  const boot = async () => {
    const process = spawn(binary, ['-f', config], { stdio: 'ignore' });
    await untilListening(admin);
    return process;
  };
  return { kind: 'drachtio', ...(await supervised(boot, directory)), admin, sip, secret };
}

async function startEmbedded(externalIp?: string): Promise<SipServer> {
  let admin = { host: '127.0.0.1', port: 0 };
  let sip = { host: '127.0.0.1', port: 0 };
  const boot = async () => {
    const main = join(root, 'local/sip-server/main.ts');
    const addresses = ['--admin', `${admin.host}:${admin.port}`, '--sip', `${sip.host}:${sip.port}`];
    const external = externalIp === undefined ? [] : ['--external-ip', externalIp];
    const child = spawn(process.execPath, [main, ...addresses, ...external, '--secret', secret], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const listening = await firstEvent(child, 'listening');
    admin = addressOf(listening.admin);
    sip = addressOf(listening.sip);
    return child;
  };
  const supervisor = await supervised(boot, undefined);
  return { kind: 'embedded', ...supervisor, admin, sip, secret };
}

/** Keeps one process: it may crash, be started again, and is gone at the end, with its directory. */
async function supervised(boot: () => Promise<ChildProcess>, directory: string | undefined) {
  let child: ChildProcess | undefined = await boot();
  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = new Promise((done) => ending.once('exit', done));
    ending.kill(signal);
    await exited;
  };
  return {
    crash: () => end('SIGKILL'),
    restart: async () => {
      child = await boot();
    },
    stop: async () => {
      await end('SIGKILL');
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The first line of JSON with this `event` on a process's standard output. */
async function firstEvent(child: ChildProcess, event: string): Promise<{ admin: string; sip: string }> {
  if (child.stdout === null) throw new Error('no standard output');
  const lines = createInterface({ input: child.stdout });
  // Its log is worth reading only where it does not start; it must be drained all the same.
  let logged = '';
  child.stderr?.on('data', (bytes) => {
    logged = `${logged}${bytes}`.slice(-4000);
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      reject(new Error(`the embedded SIP server did not start: ${why}\n${logged}`));
    };
    const timer = setTimeout(() => fail('silence'), patienceMs);
    child.once('exit', (code) => fail(`exit ${code}`));
    child.once('error', (error) => fail(error.message));
    lines.on('line', (line) => {
      const message = line.startsWith('{') ? JSON.parse(line) : {};
      if (message.event !== event) return;
      clearTimeout(timer);
      resolve(message);
    });
  });
}

async function untilListening({ host, port }: Address): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host);
      socket.once('connect', () => resolve(socket.destroy() !== undefined));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    if (Date.now() > deadline) throw new Error(`nothing listens on ${host}:${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @returns a port of 127.0.0.1 that was free a moment ago for UDP and TCP alike */
export async function freeSipPort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    const socket = createSocket('udp4');
    const isFree = await new Promise<boolean>((done) => {
      socket.once('error', () => done(false));
      socket.bind(port, '127.0.0.1', () => done(true));
    });
    await new Promise<void>((done) => socket.close(() => done()));
    await new Promise((done) => server.close(done));
    if (isFree) return port;
  }
}

function addressOf(text: string): Address {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
