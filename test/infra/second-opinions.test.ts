import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployments, synthesize } from './synth.ts';

/* What tools make of the template that none of us wrote; scripts/test.sh installs them. */

const root = resolve(import.meta.dirname, '../..');
const bin = join(root, '.switchroom/opinions/bin');

function hasOpinions(): boolean {
  if (existsSync(join(bin, '../.installed'))) return true;
  const text = 'cfn-lint and moto are not installed (npm test does it)';
  if (process.env.CI) throw new Error(text);
  console.warn(`skipped: ${text}`);
  return false;
}

describe.skipIf(!hasOpinions())('the templates of several deployments', () => {
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-templates-'));
  const files: string[] = [];

  beforeAll(() => {
    for (const [name, settings] of Object.entries(deployments)) {
      const file = join(dir, `${name}.json`);
      writeFileSync(file, JSON.stringify(synthesize(settings).toJSON(), null, 1));
      files.push(file);
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const run = (program: string, args: string[]) => {
    const { status, stdout, stderr } = spawnSync(join(bin, program), args, { encoding: 'utf8', cwd: dir });
    return { status, text: `${stdout}${stderr}`.trim() };
  };

  it('give cfn-lint nothing to say', () => {
    expect(run('cfn-lint', ['--', ...files])).toEqual({ status: 0, text: '' });
  });

  it("are made by moto's CloudFormation, as far as it knows their types", () => {
    const { status, text } = run('python', [join(root, 'scripts/opinions/moto_accepts.py'), ...files]);
    console.log(text);
    expect(status, text).toBe(0);
    for (const name of Object.keys(deployments)) expect(text).toContain(`${name}: CREATE_COMPLETE`);
  });
});
