import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { runCommand } from '../../support/process/run-command.ts';
import { type RunEvent, SwitchroomProcess } from '../../support/process/switchroom-process.ts';
import { until } from '../../support/until.ts';

// Each test starts a whole tree, perhaps bundles and synthesizes first, and the machine may be busy.
const runs: SwitchroomProcess[] = [];
const directories: string[] = [];

function start(args: readonly string[] = [], environment: Record<string, string> = {}): SwitchroomProcess {
  const run = new SwitchroomProcess(args, environment);
  runs.push(run);
  return run;
}

afterEach(async () => {
  for (const run of runs.splice(0)) await run.dispose();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const portOf = (text: unknown) => Number(String(text).split(':').at(-1));

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const open = await new Promise<boolean>((done) => {
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
  socket.destroy();
  return open;
}

/** What a run must not leave behind: processes, open ports, files. */
async function expectNothingLeft(run: SwitchroomProcess, ready?: RunEvent): Promise<void> {
  await until('no process is left', () => run.processes().length === 0);
  for (const address of ready ? [ready.sip, ready.awsEndpoint, ready.dynamoDbEndpoint] : []) {
    expect(await answers(portOf(address)), String(address)).toBe(false);
  }
  expect(readdirSync(run.tmp)).toEqual([]);
}

describe('npm start', () => {
  it('says where it listens once its gateways are registered, and leaves nothing on Ctrl-C', async () => {
    const run = start(['--min-free', '2', '--domain', 'rooms.test']);
    const ready = await run.ready();
    expect(ready).toMatchObject({ domain: 'rooms.test', minFree: 2, sipServer: 'embedded' });
    expect(await answers(portOf(ready.sip))).toBe(true);
    const registered = run.events.filter(({ event }) => event === 'gateway.registered');
    expect(new Set(registered.map(({ username }) => username)).size).toBe(2);
    expect(JSON.parse(readFileSync(run.runFile, 'utf8'))).toMatchObject({
      pid: run.child.pid,
      domain: 'rooms.test',
    });

    expect(await run.stop('SIGINT')).toEqual({ code: 0, signal: null });
    const left = run.events.filter(({ event }) => event === 'gateway.unregistered');
    expect(new Set(left.map(({ username }) => username)).size).toBe(2);
    await expectNothingLeft(run, ready);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('stops on %s as on Ctrl-C', async (signal) => {
    const run = start(['--min-free', '0', '--max', '0']);
    const ready = await run.ready();
    expect((await run.stop(signal)).code).toBe(0);
    await expectNothingLeft(run, ready);
  });

  it('can be stopped while it starts', async () => {
    const run = start(['--min-free', '1', '--max', '1']);
    await until('it has begun', () => run.processes().length > 0);
    expect((await run.stop('SIGINT')).code).toBe(0);
    await expectNothingLeft(run);
  });

  it('killed outright, leaves no process and no file', async () => {
    const run = start(['--min-free', '1', '--max', '1']);
    const ready = await run.ready();
    expect(run.processes().length).toBeGreaterThan(3);
    await run.stop('SIGKILL');
    await expectNothingLeft(run, ready);
  });

  it('replaces a gateway that ends', async () => {
    const run = start(['--min-free', '1', '--max', '1']);
    await run.ready();
    const [first] = run.events.filter(({ event }) => event === 'task.running');
    const logs = String((await run.ready()).logDir);
    expect(existsSync(join(logs, `task-${first?.taskId}.log`))).toBe(true);
    for (const pid of run.processesWith(`/v4/${first?.taskId}`)) process.kill(pid, 'SIGKILL');
    await run.event('task.stopped', ({ taskId }) => taskId === first?.taskId);
    await run.event(
      'gateway.registered',
      ({ username }) => !String(username).startsWith(String(first?.taskId)),
    );
  });

  it.each([
    ['SIP server', 'sip-server/main.ts'],
    ['edge', 'sip-edge/main.mjs'],
    ['table engine', 'dynoxide'],
  ])('starts a dead %s again and says so', async (name, file) => {
    const run = start(['--min-free', '0', '--max', '0']);
    await run.ready();
    const victim = run.processes().find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file));
    process.kill(victim as number, 'SIGKILL');
    await run.event('process.died', (event) => event.name === name);
    await run.event('process.restarted', (event) => event.name === name);
    const { awsEndpoint, outputs } = await run.ready();
    const lookup = { TableName: (outputs as Record<string, string>).TableName, Key: { pk: { S: 'x' } } };
    await eventually(async () => {
      expect(await dynamoDb(String(awsEndpoint), 'GetItem', lookup)).toMatchObject({ status: 200 });
    });
  });

  it('is killed by a second Ctrl-C, and leaves nothing all the same', async () => {
    const run = start(['--min-free', '1', '--max', '1', '--set', 'gatewayStopTimeoutSec=120']);
    const ready = await run.ready();
    for (const pid of run.processesWith('ECS_CONTAINER_METADATA_URI_V4')) process.kill(pid, 'SIGSTOP');
    run.child.kill('SIGINT');
    await run.event('task.stopping');
    // The one that npm sends beside the terminal's own, at once, is none.
    run.child.kill('SIGINT');
    expect(run.processes().length).toBeGreaterThan(0);
    const second = setInterval(() => run.child.kill('SIGINT'), 1000);
    expect((await run.exited).code).toBe(0);
    clearInterval(second);
    await expectNothingLeft(run, ready);
  });

  it('ends with npm, which is told by SIGTERM, and leaves nothing', async () => {
    // npm would leave a cache of compiled code in the temporary folder.
    const run = new SwitchroomProcess([], { NODE_DISABLE_COMPILE_CACHE: '1' }, [
      'npm',
      '--silent',
      'start',
      '--',
    ]);
    onTestFinished(() => run.dispose());
    const ready = await run.ready();
    await run.stop('SIGTERM');
    await expectNothingLeft(run, ready);
  });

  it('kills a gateway that ignores SIGTERM when its time is over', async () => {
    const run = start(['--min-free', '1', '--max', '1', '--set', 'gatewayStopTimeoutSec=2']);
    const ready = await run.ready();
    // Stopped in the literal sense: it cannot act on SIGTERM.
    for (const pid of run.processesWith('ECS_CONTAINER_METADATA_URI_V4')) process.kill(pid, 'SIGSTOP');
    expect((await run.stop('SIGINT')).code).toBe(0);
    await expectNothingLeft(run, ready);
  });
});

describe('npm start with --data', () => {
  it('has the table, the secret and the outbox again after a restart', async () => {
    const data = mkdtempSync(join(tmpdir(), 'switchroom-data-'));
    directories.push(data);
    const before = start(['--min-free', '1', '--max', '1', '--data', data]);
    const { outputs, awsEndpoint } = await before.ready();
    const table = String((outputs as Record<string, string>).TableName);
    const put = { TableName: table, Item: { pk: { S: 'CALL#kept' }, expiresAt: { N: '4102444800' } } };
    expect((await dynamoDb(String(awsEndpoint), 'PutItem', put)).status).toBe(200);
    const secret = await secretOf(before);
    await before.stop();
    expect(before.processes()).toEqual([]);

    const after = start(['--min-free', '1', '--max', '1', '--data', data]);
    const again = await after.ready();
    const key = { TableName: table, Key: { pk: { S: 'CALL#kept' } } };
    const answer = await dynamoDb(String(again.awsEndpoint), 'GetItem', key);
    expect(await answer.json()).toMatchObject({ Item: { pk: { S: 'CALL#kept' } } });
    expect(await secretOf(after)).toBe(secret);
    await after.stop();
    expect(readdirSync(data)).toEqual(
      expect.arrayContaining(['edge', 'logs', 'queues', 'secrets.json', 'table']),
    );
  });
});

describe.each(['SIGTERM', 'SIGKILL'] as const)(
  'npm start with --data, after a run that ended by %s',
  (signal) => {
    it('has new gateways, none of that run, and no start that failed', async () => {
      const data = mkdtempSync(join(tmpdir(), 'switchroom-data-'));
      directories.push(data);
      const before = start(['--data', data]);
      await before.ready();
      await before.stop(signal);
      await until('all its processes are gone', () => before.processes().length === 0);

      const after = start(['--data', data]);
      await after.ready();
      const pool = async (list: string) => {
        const { stdout } = await runCommand('cli/pool.ts', [list, '--json', '--run-file', after.runFile]);
        return JSON.parse(stdout) as { gateways: { registeredAt: number }[]; starts: { state: string }[] };
      };
      const { gateways } = await pool('gateways');
      expect(gateways).toHaveLength(2);
      // Those of the run before have gone with it.
      const [first] = after.events;
      for (const { registeredAt } of gateways) expect(registeredAt).toBeGreaterThan(first?.at ?? Infinity);
      const { starts } = await pool('starts');
      expect(starts.map(({ state }) => state).sort()).toEqual([
        'registered',
        'registered',
        ...starts.slice(2).map(() => 'stopped'),
      ]);
      await after.stop();
    });
  },
);

const sdkHeaders = (target: string) => ({
  'x-amz-target': target,
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0',
});

const dynamoDb = (endpoint: string, operation: string, request: object) =>
  fetch(endpoint, {
    method: 'POST',
    headers: sdkHeaders(`DynamoDB_20120810.${operation}`),
    body: JSON.stringify(request),
  });

async function secretOf(run: SwitchroomProcess): Promise<string> {
  const { awsEndpoint, outputs } = await run.ready();
  const answer = await fetch(String(awsEndpoint), {
    method: 'POST',
    headers: sdkHeaders('secretsmanager.GetSecretValue'),
    body: JSON.stringify({ SecretId: (outputs as Record<string, string>).SipSecretName }),
  });
  const { SecretString } = (await answer.json()) as { SecretString: string };
  return JSON.parse(SecretString).current;
}

describe('what keeps npm start from starting is said in one line, and nothing is left', () => {
  async function expectRefusal(run: SwitchroomProcess, code: number, message: RegExp): Promise<void> {
    expect(await run.exited).toEqual({ code, signal: null });
    expect(run.stderr).toMatch(message);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    await until('no process is left', () => run.processes().length === 0);
  }

  it.each([
    ['an unknown option', ['--gatways', '2'], /--gatways.*--help/],
    ['a word too many', ['now'], /now.*--help/],
    ['a wrong number', ['--min-free', 'many'], /--min-free takes a whole number/],
    ['a wrong address', ['--sip', '5060'], /--sip takes HOST:PORT/],
    ['a wrong word', ['--after-call', 'explode'], /--after-call takes stop or reuse/],
    ['an unknown setting', ['--set', 'lockLeaseMinutes=1'], /unknown setting lockLeaseMinutes/],
    ['a setting out of range', ['--set', 'lockLeaseSec=0'], /lockLeaseSec/],
    [
      'a policy that is not there',
      ['--set', 'poolPolicyFile=/nowhere.json'],
      /poolPolicyFile: \/nowhere\.json/,
    ],
    ['a secret that no account line can hold', ['--secret', 'two words'], /--secret takes/],
    ['a drachtio that is none', ['--drachtio', '/nowhere/drachtio'], /\/nowhere\/drachtio/],
  ])('%s', async (_what, args, message) => {
    await expectRefusal(start(args), 2, message);
  });

  it('a wrong variable of the edge', async () => {
    const run = start(['--edge', 'GATEWAY_TIMEOUT_MS=never', '--min-free', '0', '--max', '0']);
    await expectRefusal(run, 1, /edge ended.*GATEWAY_TIMEOUT_MS/);
  });

  it("a slip in the policy's file, also one made since the last start", async () => {
    const directory = mkdtempSync(join(tmpdir(), 'switchroom-policy-'));
    directories.push(directory);
    const file = join(directory, 'policy.json');
    const args = ['--min-free', '0', '--max', '0', '--set', `poolPolicyFile=${file}`];
    writeFileSync(file, JSON.stringify({ policy: 'predictive', minFree: 0 }));
    const right = start(args);
    await right.ready();
    right.child.kill('SIGINT');
    await right.exited;
    writeFileSync(file, JSON.stringify({ policy: 'predictive', minfree: 0 }));
    await expectRefusal(start(args), 2, /poolPolicyFile: \S+policy\.json: Unrecognized key: "minfree"/);
  });

  it('a TCP port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expectRefusal(
      start(['--sip', `127.0.0.1:${port}`]),
      1,
      new RegExp(`port ${port} of 127.0.0.1 is taken \\(TCP\\).*--sip`),
    );
    server.close();
  });

  it('a UDP port that is taken', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    await expectRefusal(
      start(['--sip', `127.0.0.1:${port}`]),
      1,
      new RegExp(`port ${port} .*taken \\(UDP\\)`),
    );
    socket.close();
  });

  it('an address of another machine', async () => {
    await expectRefusal(start(['--sip', '192.0.2.1:5060']), 1, /192\.0\.2\.1 is no address of this machine/);
  });

  it('a data directory that cannot be', async () => {
    const run = start(['--data', '/proc/nothing']);
    await expectRefusal(run, 1, /--data \/proc\/nothing cannot be written/);
  });

  it('a table engine that is missing', async () => {
    await expectRefusal(start([], { DYNOXIDE: '/nowhere/dynoxide' }), 1, /table engine is missing.*npm ci/);
  });

  it('another run with the same run file', async () => {
    const first = start(['--min-free', '0', '--max', '0']);
    await first.ready();
    await expectRefusal(start(['--run-file', first.runFile]), 1, /another run \(process \d+\) is on/);
  });

  it('but not the run file of a run that was killed', async () => {
    const run = start(['--min-free', '0', '--max', '0']);
    mkdirSync(run.tmp, { recursive: true });
    writeFileSync(run.runFile, JSON.stringify({ pid: 999_999_999 }));
    await run.ready();
    expect(JSON.parse(readFileSync(run.runFile, 'utf8'))).toMatchObject({ pid: run.child.pid });
  });
});
