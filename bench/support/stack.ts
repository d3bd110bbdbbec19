import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Credentials } from '../../local/aws/iam/signatures.ts';

/** A whole Switchroom as `npm start` runs it, in processes of its own. */
export interface Stack {
  /** Of the first edge. */
  sip: { host: string; port: number };
  edges: readonly { edgeId: string; sip: { host: string; port: number } }[];
  domain: string;
  awsEndpoint: string;
  credentials: Credentials;
  dynamoDbEndpoint: string;
  pid: number;
  outputs: Record<string, string>;
  stop(): Promise<void>;
}

/** A step that the run tells (local/run/steps.ts). */
export interface RunEvent {
  event: string;
  /** Epoch ms. */
  at: number;
  [field: string]: unknown;
}

export const secret = 'bench-secret';
const root = resolve(import.meta.dirname, '../..');

/**
 * @param extra more options of `npm start`
 * @param environment more variables of its environment
 * @param onEvent told of each step; without it nothing is parsed, so that load is not slowed down by being watched
 * @param checkout directory of the one that is started, where it is not this one
 * @throws where it does not come up
 */
export async function startStack(
  extra: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  onEvent?: (event: RunEvent) => void,
  checkout = root,
): Promise<Stack> {
  const directory = await mkdtemp(join(tmpdir(), 'switchroom-bench-run-'));
  const child = spawn(
    process.execPath,
    [
      ...[
        join(checkout, 'local/main.ts'),
        '--json',
        '--min-free',
        '0',
        '--max',
        '0',
        '--sip',
        '127.0.0.1:0',
        '--secret',
        secret,
      ],
      ...['--run-file', join(directory, 'run.json')],
      // All load comes from one address here; the limit is measured elsewhere.
      ...['--edge', 'ADDRESS_RATE_PER_SEC=100000', '--edge', 'ADDRESS_BURST=1000000'],
      ...extra,
    ],
    { cwd: checkout, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...environment } },
  );
  const ready = await untilReady(child, onEvent);
  const [host = '', port = ''] = String(ready.sip).split(':');
  return {
    sip: { host, port: Number(port) },
    edges: ready.edges as Stack['edges'],
    domain: String(ready.domain),
    awsEndpoint: String(ready.awsEndpoint),
    credentials: ready.credentials as Credentials,
    dynamoDbEndpoint: String(ready.dynamoDbEndpoint),
    pid: Number(ready.pid),
    outputs: ready.outputs as Record<string, string>,
    async stop() {
      const gone = new Promise((done) => child.once('exit', done));
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await gone;
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilReady(
  child: ChildProcess,
  onEvent: ((event: RunEvent) => void) | undefined,
): Promise<Record<string, unknown>> {
  return await new Promise((done, fail) => {
    child.once('exit', (code) => fail(new Error(`npm start ended with ${code} before it was ready`)));
    // Read on after "ready": a full pipe would stop the run.
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      onEvent?.(JSON.parse(line) as RunEvent);
      if (line.startsWith('{"event":"ready"')) done(JSON.parse(line) as Record<string, unknown>);
    });
  });
}
