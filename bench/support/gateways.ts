import { fork } from 'node:child_process';
import type { Stack } from './stack.ts';
import { secret } from './stack.ts';

/** Many single-use gateways in a process of their own: each registers anew after its call. */
export interface Gateways {
  /** How often a gateway was registered so far, refreshes among them. */
  registered(): number;
  /** How often registering failed so far. */
  failures(): number;
  /** INVITEs that reached a gateway in a call: two owners of one gateway. */
  doubled(): number;
  /** How many are registered now, as they see it, or in a call. */
  live(): number;
  stop(): Promise<void>;
}

export interface GatewaysReport {
  registered: number;
  live: number;
  failures: number;
  doubled: number;
}

interface GatewaysOptions {
  /** The number of the first (0): each has a name of its own. */
  from?: number;
  /** That they ask for (3600). */
  expiresSec?: number;
}

/** @returns when all of them are registered */
export async function startGateways(
  stack: Pick<Stack, 'sip' | 'domain'>,
  count: number,
  { from = 0, expiresSec = 3600 }: GatewaysOptions = {},
): Promise<Gateways> {
  const child = fork(new URL('./gateways-process.ts', import.meta.url), {
    env: {
      ...process.env,
      SIP_HOST: stack.sip.host,
      SIP_PORT: String(stack.sip.port),
      SIP_DOMAIN: stack.domain,
      SIP_SECRET: secret,
      COUNT: String(count),
      FROM: String(from),
      EXPIRES_SEC: String(expiresSec),
    },
  });
  let report: GatewaysReport = { registered: 0, live: 0, failures: 0, doubled: 0 };
  await new Promise<void>((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`the gateways ended with ${code}`)));
    child.on('message', (message) => {
      report = message as GatewaysReport;
      if (report.registered >= count) resolve();
    });
  });
  return {
    registered: () => report.registered,
    failures: () => report.failures,
    doubled: () => report.doubled,
    live: () => report.live,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
