import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, watchCommand } from '../support/process/run-command.ts';
import { SwitchroomProcess } from '../support/process/switchroom-process.ts';
import { Receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

/* `switchroom` against a run on this machine, and as against a deployed stack. */

let run: SwitchroomProcess;

let receiver: Receiver;
const dir = mkdtempSync(join(tmpdir(), 'switchroom-test-'));
const records = join(dir, 'records.ndjson');

beforeAll(async () => {
  receiver = await Receiver.open();
  run = new SwitchroomProcess([
    ...'--min-free 1 --max 1 --gateway-kind node --after-call reuse'.split(' '),
    ...['--records', records, '--set', `webhookUrl=${receiver.url}`],
    ...['--set', 'webhookFacts=call.record,operator.acted'],
  ]);
  await run.ready();
});

afterAll(async () => {
  await run.dispose();
  receiver.close();
  rmSync(dir, { recursive: true, force: true });
});

const switchroom = (args: readonly string[], environment: Record<string, string> = {}) =>
  runCommand('cli/switchroom.ts', [...args], environment);
const ask = (...args: string[]) => switchroom([...args, '--run-file', run.runFile]);
const json = async (...args: string[]) => JSON.parse((await ask(...args, '--json')).stdout);

it('shows the gateways of the run, and one by the beginning of its name', async () => {
  const { stdout, code } = await ask('gateways');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^GATEWAY +STATE.*\n[0-9a-f]{8}… +free/);
  const { gateways } = await json('gateways');
  expect(gateways).toMatchObject([{ state: 'free', edgeId: 'local' }]);
  expect((await ask('gateways', gateways[0].username.slice(0, 8))).stdout).toMatch(
    /^gateway +[0-9a-f]{32}\./,
  );
});

it('shows a call and its ladder, by the beginning of its Call-ID', async () => {
  const placed = await runCommand('cli/call.ts', ['1234', '--duration', '1', '--run-file', run.runFile]);
  expect(placed).toMatchObject({ code: 0 });
  const { callId } = await run.event('call.ended');
  // The fact is on the bus before the function has acted on it.
  await until('the call is over in the table', async () => {
    return (await json('call', String(callId)))?.state === 'ended';
  });
  const { stdout } = await ask('calls', '--outcome', 'answered', '--since', '1h');
  expect(stdout).toMatch(/^CALL-ID.*\n\S+ +1234 +answered/);
  expect((await ask('call', String(callId).slice(0, 9))).stdout).toMatch(
    /\+0\.000 s +─+INVITE─+▶ +received\n.*offered.*answered.*ended/s,
  );
  expect((await ask('failures')).stdout).toMatch(/^No call failed/);
});

it('writes the records of calls, sums up their day, and gives each to a file and to the receiver of facts', async () => {
  const record = JSON.parse((await ask('cdr', '--format', 'ndjson')).stdout);
  expect(record).toMatchObject({ room: '1234', outcome: 'answered', status: 200, endedBy: 'caller' });
  const csv = (await ask('cdr', '--from', '1h')).stdout.split('\r\n');
  expect(csv).toEqual([expect.stringMatching(/^id,revision,/), expect.stringContaining(record.callId), '']);
  expect((await ask('cdr', '--to', '2026-01-01')).stdout.trim()).toBe(csv[0]);
  expect((await ask('report', '--hour-price', '0.02')).stdout).toMatch(/^day .*\ncalls +1: 1 answered/);
  const written = readFileSync(records, 'utf8').trim().split('\n');
  expect(written.map((line) => JSON.parse(line))).toMatchObject([{ type: 'call.record', id: record.id }]);
  await until('the receiver has the record', () => receiver.received.length > 0);
  expect(receiver.received[0]?.body).toEqual(JSON.parse(written[0] as string));
  expect(receiver.received[0]?.headers.authorization).toMatch(/^\w{40}$/);
});

it('shows what goes on as it changes', async () => {
  const { lines, stop } = watchCommand('cli/switchroom.ts', ['watch', '--json', '--run-file', run.runFile]);
  const { value } = await lines.next();
  expect(JSON.parse(value ?? '')).toMatchObject({ status: { gateways: { free: 1 } }, calls: [] });
  const placed = runCommand('cli/call.ts', ['1234', '--duration', '3', '--run-file', run.runFile]);
  for await (const line of lines) {
    if (JSON.parse(line).calls.some(({ state }: { state: string }) => state === 'answered')) break;
  }
  expect(await placed).toMatchObject({ code: 0 });
  await stop();
});

it('shows what the fleet decided and why, how long each start took, and how it stands', async () => {
  expect((await ask('history')).stdout).toMatch(/nothing, 1 wanted: started 1\n +short, on every minute/);
  expect((await ask('starts')).stdout).toMatch(/^ASKED.*QUEUE.*ALL.*\n.*registered .*short/);
  expect((await ask('status')).stdout).toMatch(/^edges +1 of 1 up\ngateways +1 free; 1 of at most 1 ours/);
  expect((await ask('edges')).stdout).toMatch(/local +up +0/);
  expect((await ask('settings')).stdout).toMatch(/afterCall +reuse/);
});

it('hangs up a call, pauses the pool, and tells who did it and why', async () => {
  const since = Date.now();
  const placed = runCommand('cli/call.ts', ['1234', '--duration', '300', '--run-file', run.runFile]);
  const { callId } = await run.event('call.answered', ({ at }) => at >= since);
  await until('the call is answered in the table', async () => {
    return (await json('call', String(callId)))?.state === 'answered';
  });
  expect((await ask('hangup', String(callId))).stderr).toMatch(/hangup wants a reason/);
  const asked = await ask('hangup', String(callId), '--because', 'the room is empty');
  expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^its edge hangs up/) });
  expect((await placed).stdout).toMatch(/ended/);
  expect(await run.event('call.ended', (event) => event.callId === callId)).toMatchObject({ by: 'operator' });
  expect((await ask('pause', '--because', 'upgrade')).stdout).toMatch(/^no gateway is started/);
  expect((await ask('orders')).stdout).toMatch(/^paused: upgrade \(npm start,/);
  expect((await ask('resume', '--because', 'done')).stdout).toMatch(/^the policy decides again/);
  expect((await ask('audit')).stdout).toMatch(
    /resume +pool\n +done\n.*pause +pool\n +upgrade\n.*hangup.*\n +the room is empty/,
  );
});

it('reserves gateways, and takes that back by the beginning of its id', async () => {
  const because = ['--because', 'all hands'];
  await ask('reserve', '1', '--until', '+1h', ...because);
  const { reservations } = await json('orders');
  const [{ id }] = reservations;
  expect(await ask('reserve', 'off', 'nope', ...because)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/there is no reservation nope/),
  });
  expect((await ask('reserve', 'off', id.slice(0, 5), ...because)).stdout).toMatch(
    /^the reservation is taken/,
  );
  expect((await ask('orders')).stdout).toMatch(/^Nothing is ordered/);
});

it('says what of a question is wrong, and no more', async () => {
  expect((await ask('calls', '--since', '1h', '--until', '2h')).stderr).toBe(
    'switchroom: from: must not be later than to\n',
  );
});

it('holds a gateway and releases it', async () => {
  const { gateways } = await json('gateways');
  const name = gateways[0].username.slice(0, 8);
  expect((await ask('hold', name, '--because', 'no sound')).stdout).toMatch(/^no call gets it/);
  expect((await ask('gateways', name)).stdout).toMatch(/\nstate +held\n/);
  expect((await ask('release', name, '--because', 'it has sound')).stdout).toMatch(/^it is free/);
  expect((await ask('gateways', name)).stdout).toMatch(/\nstate +free\n/);
});

it('drains an edge and takes it back', async () => {
  expect((await ask('drain-edge', 'loc', '--because', 'upgrade')).stdout).toMatch(/^at its next ask/);
  expect((await ask('edges')).stdout).toMatch(/local +draining +0/);
  expect((await ask('status')).stdout).toMatch(/^edges +1 of 1 up, 1 draining/);
  expect(await ask('drain-edge', 'far', '--because', 'upgrade')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/there is no edge far/),
  });
  expect((await ask('resume-edge', 'local', '--because', 'done')).stdout).toMatch(/takes new calls again/);
  expect((await ask('edges')).stdout).toMatch(/local +up +0/);
});

it('says that a call or a gateway is unknown, with a status of its own', async () => {
  expect(await ask('call', 'nobody')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('no record of this call'),
  });
  expect(await ask('gateways', 'nobody')).toMatchObject({ code: 1 });
});

it.each<[string, string[], RegExp]>([
  ['no command', [], /say what to show: status, gateways/],
  ['an unknown command', ['gates'], /unknown command gates/],
  ['a name that every object has', ['constructor'], /unknown command constructor/],
  ['a call without its Call-ID', ['call'], /one CALL-ID/],
  ['a beginning that is too short', ['call', 'a'], /callId: /],
  ['an unknown option', ['calls', '--all'], /--all/],
  ['a wrong limit', ['calls', '--limit', '0'], /--limit takes a whole number from 1 to 1000/],
  ['a wrong time', ['calls', '--since', 'soon'], /--since takes 15m, 2h/],
  ['a wrong outcome', ['calls', '--outcome', 'good'], /outcome: /],
  ['a stack and a run', ['calls', '--stack', 'Switchroom'], /name one of/],
])('refuses %s in one line', async (_what, args, message) => {
  const { code, stderr } = await ask(...args);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

it('says that there is no run', async () => {
  const { code, stderr } = await switchroom(['gateways', '--run-file', '/nowhere/run.json']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/no run on this machine .*npm start/);
});

describe('elsewhere', () => {
  it('asks a deployed stack by its name, with a signature, as the SDK finds it', async () => {
    const { awsEndpoint, credentials } = (await run.ready()) as unknown as {
      awsEndpoint: string;
      credentials: { accessKeyId: string; secretAccessKey: string };
    };
    // What AWS would answer to such requests, from the endpoint that the SDK is pointed at.
    const aws = {
      AWS_ENDPOINT_URL: awsEndpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const found = await switchroom(['gateways', '--stack', 'Switchroom'], aws);
    expect(found).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 registered/) });
    const missing = await switchroom(['gateways', '--stack', 'Nowhere'], aws);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/no stack Nowhere/) });
  });

  it('asks an API by its address, with a token', async () => {
    const { outputs, apiToken } = (await run.ready()) as unknown as {
      outputs: { ApiAddress: string };
      apiToken: string;
    };
    const asked = (token: string) =>
      switchroom(['status', '--url', outputs.ApiAddress], { SWITCHROOM_TOKEN: token });
    expect(await asked(apiToken)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^edges/) });
    expect(await asked('x')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not take this token/),
    });
    expect(await switchroom(['status', '--url', 'http://127.0.0.1:9'], {})).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/SWITCHROOM_TOKEN/),
    });
  });
});
