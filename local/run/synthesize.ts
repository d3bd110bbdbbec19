import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { CommandError } from '../../command-line/command-error.ts';
import { stateDir } from '../../command-line/run-file.ts';
import { localIssuer } from '../aws/apigateway/tokens.ts';
import { withLock } from './files/lock.ts';

/*
 * Bundles the functions and the edge, and synthesizes the stack, as `cdk deploy` does: once for each state of the
 * sources and settings. A later start finds the result in .switchroom/synth and takes milliseconds.
 */

export const projectDir = resolve(import.meta.dirname, '../..');
const synthDir = join(stateDir, 'synth');
const stackName = 'Switchroom';

/** What bundles are made of, and what the template is made of besides. */
const bundleSources = [
  ...['aws-client', 'contracts', 'sip', 'lambdas', 'sip-edge', 'console'],
  ...['scripts/build.ts', 'package-lock.json'],
];
const stackSources = ['infra', 'gateway', 'cdk.json'];
const keptResults = 10;
/** One machine is one zone, has no address that it would have to ask for, and issues tokens of its own. */
const defaults = {
  zones: '1',
  stunServer: '',
  oidcIssuer: localIssuer,
  oidcAudience: 'switchroom',
};

export interface Synthesized {
  /** The cloud assembly, `cdk.out`. */
  directory: string;
  stackName: string;
  /** The edge's bundle. */
  edgeFile: string;
}

function filesOf(path: string): string[] {
  const full = join(projectDir, path);
  if (!existsSync(full)) return [];
  if (statSync(full).isFile()) return [full];
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashOf(sources: readonly string[], more: string): string {
  const hash = createHash('sha256').update(more).update(process.version);
  for (const file of sources.flatMap(filesOf)) {
    hash.update(`\0${relative(projectDir, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 20);
}

/** What the file that a setting names holds; the stack itself says what is wrong with one that cannot be read. */
function heldBy(file: string): string {
  try {
    return file === '' ? '' : readFileSync(resolve(projectDir, file), 'utf8');
  } catch (error) {
    return String(error);
  }
}

/** Runs a program of the project. @throws CommandError with the last lines of what it said */
async function run(
  what: string,
  args: string[],
  signal: AbortSignal,
  environment: Record<string, string> = {},
): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  let failure: CommandError | undefined;
  const options = {
    cwd: projectDir,
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 * 1024,
    signal,
  };
  execFile(process.execPath, args, options, (error, stdout, stderr) => {
    if (error) {
      const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join(' | ');
      failure = new CommandError(`${what}: ${said || error.message}`, error.code === 2 ? 2 : 1);
    }
    done();
  });
  await promise;
  if (failure) throw failure;
}

/** Bundles, unless dist/ holds the bundles of these very sources. */
async function bundle(signal: AbortSignal): Promise<void> {
  // In a directory that every build empties: `npm run build` of other sources takes the mark away.
  const mark = join(projectDir, 'dist/lambdas/.sources');
  const sources = hashOf(bundleSources, '');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sources) return;
  await run('the bundles cannot be built', ['scripts/build.ts'], signal);
  writeFileSync(mark, sources);
}

async function synthesizeInto(
  directory: string,
  settings: Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  await bundle(signal);
  const parts = mkdtempSync(join(stateDir, 'synth-'));
  try {
    await run('the stack cannot be synthesized', ['infra/app.ts'], signal, {
      CDK_OUTDIR: join(parts, 'cdk.out'),
      CDK_CONTEXT_JSON: JSON.stringify(settings),
    });
    cpSync(join(projectDir, 'dist/sip-edge'), join(parts, 'sip-edge'), { recursive: true });
    renameSync(parts, directory);
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

/** The results used last stay; the older ones go. */
function prune(): void {
  const usedAt = (name: string) => statSync(join(synthDir, name)).mtimeMs;
  const byAge = readdirSync(synthDir).sort((a, b) => usedAt(b) - usedAt(a));
  for (const name of byAge.slice(keptResults)) rmSync(join(synthDir, name), { recursive: true, force: true });
}

/**
 * @param settings deployment settings, as the CDK context takes them
 * @param say told before work that takes seconds
 * @param signal ends that work
 * @throws CommandError where a setting is wrong or a source does not build
 */
export async function synthesize(
  settings: Record<string, string>,
  say: (what: string) => void,
  signal: AbortSignal,
): Promise<Synthesized> {
  mkdirSync(synthDir, { recursive: true });
  const { context } = JSON.parse(readFileSync(join(projectDir, 'cdk.json'), 'utf8'));
  const chosen: Record<string, unknown> = { ...context, ...defaults, ...settings };
  const more = [Object.entries(chosen).sort(), heldBy(String(chosen.poolPolicyFile ?? ''))];
  const key = hashOf([...bundleSources, ...stackSources], JSON.stringify(more));
  const directory = join(synthDir, key);
  if (!existsSync(directory)) {
    await run('the settings are wrong', ['infra/check-settings.ts'], signal, {
      CDK_CONTEXT_JSON: JSON.stringify(chosen),
    });
    say('Bundling the functions and synthesizing the stack, once');
    // Tests and a person may start at the same time; dist/ is one.
    await withLock(join(stateDir, 'synth.lock'), async () => {
      if (existsSync(directory)) return;
      await synthesizeInto(directory, chosen, signal);
      prune();
    });
  }
  const now = new Date();
  utimesSync(directory, now, now);
  return { directory: join(directory, 'cdk.out'), stackName, edgeFile: join(directory, 'sip-edge/main.mjs') };
}
