import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Child } from './child.ts';

const root = resolve(import.meta.dirname, '../../..');
/** Where scripts/test.sh installs what none of us wrote. */
const opinions = join(root, '.switchroom/opinions');

export interface PjsipOptions {
  role: 'caller' | 'gateway';
  transport: 'udp' | 'tcp';
  /** host:port */
  server: string;
  domain: string;
  /** Of a caller: the URI that it calls. */
  target?: string;
  username?: string;
  password?: string;
  /** Whether it requires reliable provisional answers (RFC 3262). */
  reliable?: boolean;
  /** Whether it requires a session timer (RFC 4028). */
  timer?: boolean;
}

/**
 * Whether PJSIP is installed. Where it is not, its suite is skipped with a word; in CI that is a failure.
 * @throws Error in CI
 */
export function hasPjsip(): boolean {
  if (existsSync(join(opinions, '.installed'))) return true;
  const text = 'PJSIP (pjsua2) is not installed (npm test does it)';
  if (process.env.CI) throw new Error(text);
  console.warn(`skipped: ${text}`);
  return false;
}

/** PJSIP as a caller or a gateway; what it tells are lines of JSON (test/support/pjsua/agent.py). */
export function startPjsip(options: PjsipOptions): Child {
  const script = join(root, 'test/support/pjsua/agent.py');
  return new Child(join(opinions, 'bin/python'), [script, JSON.stringify(options)], { env: {} });
}
