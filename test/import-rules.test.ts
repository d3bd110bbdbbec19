import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';

/* What .dependency-cruiser.mjs forbids is found, and what it allows is not: `npm run check` runs the same. */

const root = resolve(import.meta.dirname, '..');
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/**
 * Checks a tree of sources by our rules.
 * @param imports each file, with those that it imports
 * @returns the rules broken, each with its file, and the exit status of the check
 */
async function check(
  imports: Record<string, readonly string[]>,
  declaration = 'import',
): Promise<{ broken: string[]; status: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'switchroom-imports-'));
  directories.push(directory);
  for (const [file, targets] of Object.entries(imports)) {
    mkdirSync(join(directory, dirname(file)), { recursive: true });
    const lines = targets.map((target, at) => {
      const path = relative(dirname(file), target);
      return `${declaration} { a as a${at} } from '${path.startsWith('.') ? path : `./${path}`}';`;
    });
    writeFileSync(join(directory, file), [...lines, 'export const a = 1;', ''].join('\n'));
  }
  const folders = [...new Set(Object.keys(imports).map((file) => file.split('/')[0] as string))];
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [program, '--config', join(root, '.dependency-cruiser.mjs'), ...folders];
  const options = { cwd: directory, env: { ...process.env, NO_COLOR: '1' } };
  return new Promise((done, fail) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (!stdout.includes('modules')) return fail(new Error(stdout + stderr, { cause: error }));
      const errors = [...stdout.matchAll(/error (\S+): (\S+) →/g)];
      const broken = errors.map(([, rule, from]) => `${rule}: ${from}`);
      done({ broken: broken.sort(), status: typeof error?.code === 'number' ? error.code : 0 });
    });
  });
}

it('an import that the table allows is let through', async () => {
  const allowed = {
    'sip-edge/a.ts': ['contracts/b.ts', 'sip-edge/c.ts'],
    'contracts/b.ts': [],
    'sip-edge/c.ts': [],
  };
  expect(await check(allowed)).toEqual({ broken: [], status: 0 });
});

it.each(['import', 'import type'])('an %s from another folder fails, each way', async (declaration) => {
  const forbidden: [from: string, to: string][] = [
    ['contracts', 'sip'],
    ['contracts', 'lambdas/domain'],
    ['sip', 'contracts'],
    ['lambdas/domain', 'lambdas/functions/register'],
    ['lambdas/domain', 'lambdas/store'],
    ['lambdas/store', 'lambdas/usecases'],
    ['lambdas/usecases', 'lambdas/runtime'],
    ['lambdas/usecases', 'lambdas/functions/register'],
    ['lambdas/runtime', 'lambdas/usecases'],
    ['lambdas/functions/fleet', 'sip-edge'],
    ['sip-edge', 'lambdas/domain'],
    ['sip-edge', 'local'],
    ['infra', 'lambdas/store'],
    ['command-line', 'contracts'],
    ['cli', 'lambdas/store'],
    ['cli', 'local/run'],
    ['local', 'lambdas/functions/register'],
    ['local', 'test'],
  ];
  const imports = Object.fromEntries(
    forbidden.map(([from, to], at) => [`${from}/from${at}.ts`, [`${to}/to${at}.ts`]]),
  );
  const targets = Object.fromEntries(forbidden.map(([, to], at) => [`${to}/to${at}.ts`, []]));
  const { broken, status } = await check({ ...imports, ...targets }, declaration);
  expect(status).toBeGreaterThan(0);
  expect(broken.map((one) => one.split(': ')[1])).toEqual(Object.keys(imports).sort());
});

it('an import of one function from another fails', async () => {
  const { broken } = await check({
    'lambdas/functions/fleet/a.ts': ['lambdas/functions/calls/b.ts'],
    'lambdas/functions/calls/b.ts': [],
  });
  expect(broken).toEqual(['one-function-knows-no-other: lambdas/functions/fleet/a.ts']);
});

it('a value of the contracts in the console fails, a type does not', async () => {
  const imports = { 'console/a.ts': ['contracts/b.ts'], 'contracts/b.ts': [] };
  expect((await check(imports)).broken).toEqual(['console-knows-types-alone: console/a.ts']);
  expect((await check(imports, 'import type')).broken).toEqual([]);
});

it('a circle fails, also one of types alone', async () => {
  const circle = { 'local/a.ts': ['local/b.ts'], 'local/b.ts': ['local/c.ts'], 'local/c.ts': ['local/a.ts'] };
  for (const declaration of ['import', 'import type']) {
    const { broken, status } = await check(circle, declaration);
    expect(status).toBeGreaterThan(0);
    expect(broken).toContain('no-circle: local/a.ts');
  }
});

it('an import of what is not there fails', async () => {
  const { broken } = await check({ 'local/a.ts': ['local/none.ts'] });
  expect(broken).toEqual(['no-missing-file: local/a.ts']);
});
