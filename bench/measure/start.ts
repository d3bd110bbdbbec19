import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from '../../scripts/build.ts';
import { startStack } from '../support/stack.ts';
import { summary } from '../support/stats.ts';

const root = resolve(import.meta.dirname, '../..');

/** How long a person waits for a template and for a run, and how much code each function loads. */
export interface StartResult {
  /** `cdk synth` whole, with bundling and cdk-nag, of which nothing is kept from the run before. */
  synth: ReturnType<typeof summary>;
  /** From the start of the process until two gateways are registered, where a former start has synthesized. */
  ready: ReturnType<typeof summary>;
  /** Of each function's bundle, without its source map. */
  bundleBytes: Record<string, number>;
}

/** @throws where the program fails */
async function runToEnd(file: string, args: readonly string[]): Promise<void> {
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${said}`);
}

async function synth(): Promise<number> {
  const out = await mkdtemp(join(tmpdir(), 'switchroom-bench-synth-'));
  try {
    const begun = performance.now();
    await runToEnd(join(root, 'node_modules/.bin/cdk'), [
      'synth',
      '--quiet',
      '--no-notices',
      '--output',
      out,
    ]);
    return Math.round(performance.now() - begun);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function ready(): Promise<number> {
  const begun = performance.now();
  const stack = await startStack(['--min-free', '2']);
  const ms = Math.round(performance.now() - begun);
  await stack.stop();
  return ms;
}

async function bundleBytes(): Promise<Record<string, number>> {
  const out = await mkdtemp(join(tmpdir(), 'switchroom-bench-bundles-'));
  try {
    const lambdas = (await build(out)).filter(({ outfile }) => outfile.startsWith(join(out, 'lambdas')));
    return Object.fromEntries(lambdas.map(({ name, bytes }) => [name, bytes]));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** @param runs of each; the first start synthesizes and is not counted */
export async function benchStart(runs = 3): Promise<StartResult> {
  const each = async (measure: () => Promise<number>) => {
    const times: number[] = [];
    while (times.length < runs) times.push(await measure());
    return times;
  };
  const synthMs = await each(synth);
  await ready();
  const readyMs = await each(ready);
  return { synth: summary(synthMs), ready: summary(readyMs), bundleBytes: await bundleBytes() };
}
