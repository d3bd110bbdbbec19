import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { afterEach, expect, it } from 'vitest';
import { runCommand } from '../../support/process/run-command.ts';
import { until } from '../../support/until.ts';

const root = resolve(import.meta.dirname, '../../..');
const script = 'local/local-cloud.ts';
let child: ChildProcess | undefined;
const tmp = mkdtempSync(join(tmpdir(), 'switchroom-local-cloud-'));

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(tmp, { recursive: true, force: true });
});

it('npm run local-cloud prints what cdk needs, serves an empty AWS, and leaves nothing on Ctrl-C', async () => {
  const run = spawn(process.execPath, [script], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', TMPDIR: tmp },
  });
  child = run;
  const exited = new Promise((done) => run.once('exit', (code) => done(code)));
  let printed = '';
  run.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await until('it has said all', () => printed.includes('Logs:'));
  const variables = Object.fromEntries(
    [...printed.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
  );
  expect(Object.keys(variables)).toEqual(
    expect.arrayContaining(['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'CDK_DOCKER', 'SWITCHROOM_IMAGES']),
  );
  const client = new CloudFormationClient({
    endpoint: variables.AWS_ENDPOINT_URL,
    region: variables.AWS_REGION,
    credentials: {
      accessKeyId: variables.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: variables.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
  expect((await client.send(new DescribeStacksCommand({}))).Stacks ?? []).toEqual([]);

  run.kill('SIGINT');
  expect(await exited).toBe(0);
  expect(readdirSync(tmp)).toEqual([]);
});

it.each([
  ['a wrong address', ['--aws', 'nowhere'], /--aws takes ADDRESS:PORT/],
  ['a name', ['--aws', 'localhost:0'], /with an IPv4 address/],
  ['an unknown option', ['--stack', 'x'], /Unknown option '--stack'/],
])('npm run local-cloud refuses %s in one line', async (_what, args, message) => {
  const { code, stderr } = await runCommand(script, args);
  expect(code).toBe(2);
  expect(stderr.trim()).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
