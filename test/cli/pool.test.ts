import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { show } from '../../cli/pool/show.ts';
import { duration } from '../../cli/pool/table.ts';
import type { CallView, GatewayView, InspectAnswer } from '../../contracts/inspect.ts';
import { runCommand } from '../support/process/run-command.ts';
import { SwitchroomProcess } from '../support/process/switchroom-process.ts';
import { until } from '../support/until.ts';

const now = Date.parse('2026-11-23T12:00:00Z');

const gateway = (more: Partial<GatewayView>): GatewayView => ({
  username: '10.0.0.7.mediagw.1',
  state: 'free',
  contact: 'sip:gw@10.0.0.7',
  received: '10.0.0.7:5060;tcp',
  edgeId: 'edge-1',
  registeredAt: now - 90_000,
  expiresAt: now / 1000 + 42,
  ...more,
});

const call: CallView = {
  callId: 'abc@host',
  state: 'ended',
  room: '1234',
  callerUri: 'sip:alice@example.org',
  gateway: '10.0.0.7.mediagw.1',
  edgeId: 'edge-1',
  outcome: 'answered',
  offeredAt: now - 65_000,
  answeredAt: now - 64_000,
  endedAt: now - 4000,
  steps: [
    { at: now - 65_000, step: 'offered', gateway: '10.0.0.7.mediagw.1', detail: 'attempt 1' },
    { at: now - 64_000, step: 'answered', gateway: '10.0.0.7.mediagw.1' },
    { at: now - 4000, step: 'ended', detail: 'by caller' },
  ],
};

describe('the pool shown to people', () => {
  it('says of each gateway its state, who holds it, and how long it lasts', () => {
    const locked = gateway({
      username: '10.0.0.8.mediagw.1',
      state: 'locked',
      lockedBy: 'abc@host',
      lockedUntil: now + 30_000,
    });
    expect(show({ result: 'gateways', gateways: [locked, gateway({})] }, now)).toBe(
      `GATEWAY             STATE              CALL      REGISTERED  EXPIRES IN  FROM               EDGE
10.0.0.7.mediagw.1  free               -         1 min 30 s  42 s        10.0.0.7:5060;tcp  edge-1
10.0.0.8.mediagw.1  locked, 30 s left  abc@host  1 min 30 s  42 s        10.0.0.7:5060;tcp  edge-1

2 registered: 1 locked, 1 free`,
    );
  });

  it('says of each call what became of it', () => {
    expect(show({ result: 'calls', calls: [call] }, now)).toBe(
      `CALL-ID   ROOM  STATE  OUTCOME   OFFERED        LASTED     GATEWAY
abc@host  1234  ended  answered  1 min 5 s ago  1 min 0 s  10.0.0.7.mediagw.1`,
    );
  });

  it('says of a call that waits which place it has', () => {
    const waiting = { ...call, state: 'waiting' as const, place: 2 };
    expect(show({ result: 'calls', calls: [waiting] }, now)).toMatch(/ waiting, 2nd /);
  });

  it('gives the timeline of one call in milliseconds from its start', () => {
    const text = show({ result: 'call', call, earlier: [] }, now);
    expect(text).toContain('state    ended (answered)');
    expect(text.split('\n').slice(-3)).toEqual([
      '+0 ms      offered   10.0.0.7.mediagw.1  attempt 1',
      '+1000 ms   answered  10.0.0.7.mediagw.1',
      '+61000 ms  ended                         by caller',
    ]);
  });

  it.each<[string, InspectAnswer, RegExp]>([
    ['an empty pool', { result: 'gateways', gateways: [] }, /No gateway is registered/],
    ['no calls', { result: 'calls', calls: [] }, /no calls/],
    ['an unknown call', { result: 'not-found' }, /no record of this call[\s\S]*refused at its door/],
  ])('says so of %s', (_what, answer, text) => {
    expect(show(answer, now)).toMatch(text);
  });

  it.each([
    [-3, '0 s'],
    [59.4, '59 s'],
    [61, '1 min 1 s'],
    [7265, '2 h 1 min'],
  ])('gives %s s as %s', (sec, text) => {
    expect(duration(sec)).toBe(text);
  });
});

describe('npm run pool', () => {
  let run: SwitchroomProcess;

  beforeAll(async () => {
    run = new SwitchroomProcess('--min-free 1 --max 1 --gateway-kind node --after-call reuse'.split(' '));
    await run.ready();
  });

  afterAll(async () => {
    await run.dispose();
  });

  const pool = (...args: string[]) => runCommand('cli/pool.ts', [...args, '--run-file', run.runFile]);

  it('shows the gateways of the run on this machine', async () => {
    const { stdout, code } = await pool('gateways');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^GATEWAY +STATE/);
    expect(stdout).toMatch(/[0-9a-f]{32}\.mediagw\.1 +free/);
    const { gateways } = JSON.parse((await pool('gateways', '--json')).stdout);
    expect(gateways).toMatchObject([{ state: 'free', edgeId: 'local' }]);
  });

  it('shows a call and its timeline', async () => {
    const placed = await runCommand('cli/call.ts', ['1234', '--duration', '1', '--run-file', run.runFile]);
    expect(placed).toMatchObject({ code: 0 });
    const { callId } = await run.event('call.ended');
    // The fact is on the bus before the function has acted on it.
    await until('the call is over in the table', async () => {
      const answer = JSON.parse((await pool('call', String(callId), '--json')).stdout);
      return answer.call?.state === 'ended';
    });
    expect((await pool('calls')).stdout).toMatch(new RegExp(`${callId} +1234 +ended +answered`));
    expect((await pool('call', String(callId))).stdout).toMatch(
      /\+0 ms +received\n.*offered.*answered.*ended/s,
    );
  });

  it('shows what the fleet decided and why, and how long each start took', async () => {
    expect((await pool('history')).stdout).toMatch(
      /^WHEN.*WHAT.*WHY\n.*start 1 +every minute +nothing +short \(short 1, level 1, keep 1, ready 0\)/,
    );
    expect((await pool('starts')).stdout).toMatch(/^ASKED.*QUEUED.*IN ALL.*\n.*registered .*short/);
    expect((await pool('history', '--limit', '0')).code).toBe(2);
  });

  it('says that a call is unknown, with a status of its own', async () => {
    expect(await pool('call', 'nobody')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no record of this call'),
    });
  });

  it.each<[string, string[], RegExp]>([
    ['no command', [], /say what to show/],
    ['an unknown command', ['gates'], /unknown command gates/],
    ['a call without its Call-ID', ['call'], /one Call-ID/],
    ['an unknown option', ['calls', '--all'], /--all/],
    ['a wrong limit', ['calls', '--limit', '0'], /--limit takes a whole number from 1 to 1000/],
    ['a stack and a run', ['calls', '--stack', 'Switchroom'], /--run-file is for a run on this machine/],
  ])('refuses %s in one line', async (_what, args, message) => {
    const { code, stderr } = await pool(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('says that there is no run', async () => {
    const { code, stderr } = await runCommand('cli/pool.ts', ['gateways', '--run-file', '/nowhere/run.json']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no run on this machine .*npm start/);
  });

  it('asks a deployed stack by its name, as the SDK finds it', async () => {
    const { awsEndpoint } = await run.ready();
    // What AWS would answer to such a request, from the endpoint that the SDK is pointed at.
    const aws = {
      AWS_ENDPOINT_URL: String(awsEndpoint),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    const found = await runCommand('cli/pool.ts', ['gateways', '--stack', 'Switchroom'], aws);
    expect(found.stdout).toMatch(/1 registered/);
    const missing = await runCommand('cli/pool.ts', ['gateways', '--stack', 'Nowhere'], aws);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/no function Nowhere-inspect/) });
  });
});
