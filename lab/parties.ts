import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectDir } from '../local/run/synthesize.ts';
import { inNamespace } from './network/commands.ts';

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
