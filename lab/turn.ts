import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { inNamespace } from './network/commands.ts';
import type { Place } from './network/places.ts';

/* coturn, as an instance's user data starts it: on the network of its host, so that it needs no container. */

/**
 * @param userData of the instance
 * @param secretValue reads a secret by its ARN
 */
export function startTurnServer(
  { namespace, publicAddress }: Place,
  userData: string,
  secretValue: (arn: string) => string,
  dir: string,
): ChildProcess {
  const arguments_ = /docker run .*? (-n --no-cli .*)$/m.exec(userData)?.[1];
  const arn = /--secret-id (\S+)/.exec(userData)?.[1];
  const own = userData.match(/^own=.*$/m)?.[0];
  if (arguments_ === undefined || arn === undefined || own === undefined)
    throw new Error(`no TURN server: ${userData}`);
  // Here its public address is another than the local cloud's.
  const told = arguments_.replace(/--external-ip=[^/]+/, `--external-ip=${publicAddress}`);
  return start(namespace, `${own}\nexec turnserver ${told}`, { secret: secretValue(arn) }, dir);
}

/** A server that does STUN alone. */
export const startStunServer = (namespace: string, address: string, dir: string): ChildProcess =>
  start(
    namespace,
    `exec turnserver -n --no-cli --stun-only --listening-ip=${address} --log-file=stdout`,
    {},
    dir,
  );

function start(namespace: string, script: string, env: Record<string, string>, dir: string): ChildProcess {
  const [file = '', ...args] = inNamespace(namespace, ['bash', '-euc', script]);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const log = createWriteStream(join(dir, 'logs', `${namespace}.log`));
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  return child;
}
