import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '../local/run/synthesize.ts';
import { inNamespace } from './network/commands.ts';
import { resolverAddress } from './network/plan.ts';

/** A call as its caller saw it. */
export interface Call {
  /** Names of the steps in their order, as `npm run call -- --json` tells them. */
  steps: readonly string[];
  /** 0 where it was answered. */
  status: number;
  text: string;
}

export interface CallOptions {
  namespace: string;
  server: string;
  domain: string;
  transport?: 'udp' | 'tcp';
  durationSec: number;
}

/** A call by `npm run call`, from a namespace. @returns when it is over */
export function placeCall({
  namespace,
  server,
  domain,
  transport = 'udp',
  durationSec,
}: CallOptions): Promise<Call> {
  const command = [
    process.execPath,
    join(projectDir, 'cli/call.ts'),
    '1234',
    '--json',
    '--sip',
    `${server}:5060`,
  ];
  const more = ['--domain', domain, '--transport', transport, '--duration', String(durationSec)];
  const [file = '', ...args] = inNamespace(namespace, [...command, ...more]);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  return new Promise((resolve) =>
    child.once('close', (code) => {
      const steps = [...text.matchAll(/"event":"([^"]+)"/g)].map(([, step]) => step as string);
      resolve({ steps, status: code ?? 1, text });
    }),
  );
}

const baresipModules = '/usr/lib/baresip/modules';
const toEstablishMs = 30_000;

export interface BaresipCall {
  namespace: string;
  /** Its line in the file of accounts. */
  account: string;
  uri: string;
  durationSec: number;
  /** Modules, and lines of its configuration beside them. */
  modules: readonly string[];
  config: readonly string[];
}

/** A call by baresip. @returns what it said, which is all that is wrong; undefined where the call stood */
export async function placeCallByBaresip(call: BaresipCall): Promise<string | undefined> {
  const home = mkdtempSync(join(tmpdir(), 'switchroom-baresip-'));
  writeFileSync(join(home, 'accounts'), `${call.account}\n`);
  const modules = call.modules.map((name) => `module ${name}.so`);
  const apps = ['module_tmp account.so', 'module_app menu.so'];
  writeFileSync(
    join(home, 'config'),
    `${[...call.config, `module_path ${baresipModules}`, ...modules, ...apps].join('\n')}\n`,
  );
  const baresip = ['stdbuf', '-oL', 'baresip', '-4', '-f', home, '-e', `/dial ${call.uri}`];
  const [file = '', ...args] = inNamespace(call.namespace, baresip);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: home } });
  let text = '';
  const established = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), toEstablishMs).unref();
    child.once('close', () => resolve(false));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
        if (text.includes('Call established: ')) resolve(true);
      });
    }
  });
  const stood = await established;
  await new Promise((resolve) => setTimeout(resolve, call.durationSec * 1000));
  const isGood = stood && child.exitCode === null && !/session closed/i.test(text);
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('close', resolve));
  rmSync(home, { recursive: true, force: true });
  return isGood ? undefined : text;
}

const silentAudio = [
  'audio_player aubridge,heard',
  'audio_source aubridge,heard',
  'audio_alert aubridge,alert',
];

/** By the domain alone: where to is asked of DNS (RFC 3263). */
export const placeCallByName = (
  { namespace, domain, durationSec }: Omit<CallOptions, 'server'>,
  address: string,
) =>
  placeCallByBaresip({
    namespace,
    account: `"Room System" <sip:caller@${address}>;regint=0`,
    uri: `sip:1234@${domain}`,
    durationSec,
    modules: ['g711', 'aubridge'],
    config: [`dns_server ${resolverAddress}:53`, ...silentAudio],
  });

/** Over TLS. @param address that the caller has */
export const placeCallOverTls = ({ namespace, server, domain, durationSec }: CallOptions, address: string) =>
  placeCallByBaresip({
    namespace,
    account: `"Room System" <sip:caller@${address};transport=tls>;regint=0;outbound="sip:${server}:5061;transport=tls"`,
    uri: `sip:1234@${domain}`,
    durationSec,
    modules: ['g711', 'aubridge'],
    config: silentAudio,
  });
