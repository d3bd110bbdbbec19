import { accessSync, constants, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError } from '../../command-line/command-error.ts';
import type { Address, SipServerChoice } from './options.ts';
import { freePort, isWildcard, reachableHost } from './ports.ts';
import { RunChild } from './processes/child-process.ts';
import { numbered } from './processes/numbered.ts';
import { Supervised } from './processes/supervised.ts';
import type { Supervision } from './processes/supervision.ts';
import { projectDir } from './synthesize.ts';

/** The SIP server of a run, as its edge and people need to know it. */
export interface SipServer {
  /** `embedded`, or `drachtio`. */
  kind: 'embedded' | 'drachtio';
  admin: Address;
  /** Where it is reached, which is not the wildcard that it may listen on. */
  sip: Address;
  /** What the application must say to one that this run has not started, in the place of the template's secret. */
  givenSecret?: string;
  stop: () => Promise<void>;
}

export interface SipServerOptions {
  choice: SipServerChoice;
  /** Of its zone: 1 is the first. */
  number: number;
  /** Where it shall take SIP. */
  sip: Address;
  dir: string;
  /** What its application must say to it, as the template generates it. */
  secret: string;
  /** Secret of a drachtio that runs already. */
  givenSecret: string | undefined;
  supervision: Supervision;
}

const startLimitMs = 10_000;
/** A server of SIP has nothing to save; those who call have been told by the edge. */
const graceMs = 1000;

const addressOf = (text: string): Address => {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
};

const reachable = ({ host, port }: Address): Address => ({ host: reachableHost(host), port });

const textOf = ({ host, port }: Address) => `${host}:${port}`;

/** @throws CommandError where it does not come up */
export async function startSipServer(options: SipServerOptions): Promise<SipServer> {
  const { choice, sip, secret, givenSecret } = options;
  if (choice.kind === 'running') {
    return {
      kind: 'drachtio',
      admin: choice.admin,
      sip,
      // The default of drachtio-srf, and of drachtio's sample configuration.
      givenSecret: givenSecret ?? 'cymru',
      stop: async () => undefined,
    };
  }
  return choice.kind === 'binary'
    ? startDrachtio(options, choice.file, secret)
    : startEmbedded(options, secret);
}

async function startEmbedded(options: SipServerOptions, secret: string): Promise<SipServer> {
  let admin: Address = { host: '127.0.0.1', port: 0 };
  let sip = options.sip;
  const name = numbered('SIP server', options.number);
  const supervised = new Supervised({
    name,
    startLimitMs,
    graceMs,
    supervision: options.supervision,
    start: () => {
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const child = new RunChild({
        name,
        file: process.execPath,
        args: [
          join(projectDir, 'local/sip-server/main.ts'),
          ...['--admin', textOf(admin), '--sip', textOf(sip)],
          // What it writes into Contact and Via must be an address that others can send to.
          ...(isWildcard(sip.host) ? ['--external-ip', reachableHost(sip.host)] : []),
        ],
        environment: { PATH: process.env.PATH ?? '', DRACHTIO_SECRET: secret },
        dir: options.dir,
        log: `${numbered('sip-server', options.number)}.log`,
        onGroup: options.supervision.onGroup,
        onUnwritable: options.supervision.onUnwritable,
        onLine: (line) => {
          if (!line.includes('"listening"')) return;
          const said = JSON.parse(line) as { admin: string; sip: string };
          // Where a port was left open, a restart takes the same again: the edge and the gateways know that one.
          admin = addressOf(said.admin);
          sip = addressOf(said.sip);
          resolve();
        },
      });
      return { child, ready };
    },
  });
  await supervised.start();
  return { kind: 'embedded', admin, sip: reachable(sip), stop: () => supervised.stop() };
}

/** The least that drachtio starts with; a file is mandatory. */
function drachtioConfiguration(admin: Address, sip: Address, secret: string): string {
  return `<drachtio>
  <admin port="${admin.port}" secret="${secret}">${admin.host}</admin>
  <sip><contacts><contact>sip:${isWildcard(sip.host) ? '*' : sip.host}:${sip.port};transport=udp,tcp</contact></contacts></sip>
  <cdrs>false</cdrs>
  <logging><console/><sofia-loglevel>1</sofia-loglevel><loglevel>notice</loglevel></logging>
</drachtio>
`;
}

async function untilOpen({ host, port }: Address): Promise<void> {
  for (;;) {
    const socket = connect(port, host);
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await delay(20);
  }
}

async function startDrachtio(options: SipServerOptions, file: string, secret: string): Promise<SipServer> {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    throw new CommandError(`--drachtio: ${file} is no program that can be run`, 2);
  }
  const admin = { host: '127.0.0.1', port: await freePort() };
  const sip = { ...options.sip, port: options.sip.port || (await freePort()) };
  const name = numbered('drachtio', options.number);
  const config = join(options.dir, `${name}.xml`);
  writeFileSync(config, drachtioConfiguration(admin, sip, secret), { mode: 0o600 });
  const supervised = new Supervised({
    name,
    startLimitMs,
    graceMs,
    supervision: options.supervision,
    start: () => ({
      child: new RunChild({
        name,
        file,
        args: ['-f', config],
        environment: { PATH: process.env.PATH ?? '' },
        dir: options.dir,
        log: `${name}.log`,
        onGroup: options.supervision.onGroup,
        onUnwritable: options.supervision.onUnwritable,
      }),
      ready: untilOpen(admin),
    }),
  });
  await supervised.start();
  return { kind: 'drachtio', admin, sip: reachable(sip), stop: () => supervised.stop() };
}
