import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { SipServer } from '../../support/sip-server.ts';
import { until } from '../../support/until.ts';
import type { TestAws } from './aws.ts';
import { domain } from './edge.ts';

const main = resolve(import.meta.dirname, '../../../sip-edge/main.ts');

/** Starts the edge's process as a container would; its lines are collected as objects. */
export function spawnEdge(environment: Record<string, string>) {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [main], {
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  const noise: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  createInterface({ input: child.stderr }).on('line', (line) => noise.push(line));
  const exited = new Promise<number | NodeJS.Signals | null>((done) => {
    child.once('close', (code, signal) => done(code ?? signal));
  });
  return {
    lines,
    /** What went to standard error. */
    noise,
    exited,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Waits for a line with this event. */
    event: (event: string) =>
      until(`${event}; got ${noise.join('\n')}`, () => lines.find((line) => line.event === event)),
  };
}

/** The environment of an edge on this SIP server and AWS. */
export function edgeEnvironment(server: SipServer, aws: TestAws, stateDir: string): Record<string, string> {
  return {
    ...aws.environment,
    SIP_DOMAIN: domain,
    REGISTER_FUNCTION: 'register',
    ALLOCATE_FUNCTION: 'allocate',
    CALLS_FUNCTION: 'calls',
    BUS_NAME: 'bus',
    SIP_SECRET_ARN: 'sip',
    EDGE_ID: 'edge-1',
    STATE_DIR: stateDir,
    DRACHTIO_ADDRESS: `${server.admin.host}:${server.admin.port}`,
    DRACHTIO_SECRET: server.secret,
  };
}
