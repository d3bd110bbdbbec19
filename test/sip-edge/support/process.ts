import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach } from 'vitest';
import type { SipServer } from '../../support/sip-server.ts';
import { until } from '../../support/until.ts';
import { useSipServer } from '../../support/use-sip-server.ts';
import { type AwsBehaviour, startAws, type TestAws } from './aws.ts';
import { neededEnvironment } from './environment.ts';

const main = resolve(import.meta.dirname, '../../../sip-edge/main.ts');

/** Starts the edge's process as a container would; its lines are collected as objects. */
function spawnEdge(environment: Record<string, string>) {
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
function edgeEnvironment(server: SipServer, aws: TestAws, stateDir: string): Record<string, string> {
  return {
    ...aws.environment,
    ...neededEnvironment,
    STATE_DIR: stateDir,
    DRACHTIO_ADDRESS: `${server.admin.host}:${server.admin.port}`,
    DRACHTIO_SECRET: server.secret,
  };
}

/** Edges as processes of their own, on a SIP server and AWS. What a test starts is gone after it. */
export class EdgeProcesses {
  readonly server = useSipServer();
  readonly #edges: ReturnType<typeof spawnEdge>[] = [];
  #stateDir = '';
  #aws!: TestAws;

  /** Registers the hooks that start AWS and end everything. */
  constructor(behaviour: () => AwsBehaviour) {
    beforeEach(async () => {
      this.#stateDir = mkdtempSync(join(tmpdir(), 'edge-'));
      this.#aws = await startAws(behaviour());
    });
    afterEach(async () => {
      for (const edge of this.#edges.splice(0)) {
        edge.kill('SIGKILL');
        await edge.exited;
      }
      await this.#aws.stop();
      rmSync(this.#stateDir, { recursive: true, force: true });
    });
  }

  start(environment: Record<string, string> = {}) {
    const edge = spawnEdge({ ...edgeEnvironment(this.server, this.#aws, this.#stateDir), ...environment });
    this.#edges.push(edge);
    return edge;
  }
}
