import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from '../scenarios/support/stack.ts';
import { Child } from '../support/process/child.ts';

/* npm run call, against a run of npm start. */

const root = resolve(import.meta.dirname, '../..');
let stack: Stack;
const children: Child[] = [];

beforeAll(async () => {
  stack = await Stack.start(...'--min-free 1 --max 1 --gateway-kind node --after-call reuse'.split(' '));
});
afterAll(() => stack?.stop());
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.dispose()));
});

function command(...args: string[]): Child {
  const child = new Child(process.execPath, [resolve(root, 'cli/call.ts'), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '' },
  });
  children.push(child);
  return child;
}

const call = (...args: string[]) => command(...args, '--run-file', stack.process.runFile);

async function freeGateway(): Promise<string> {
  const [gateway] = await stack.gateways();
  const username = gateway?.username ?? '';
  await stack.untilGateway(username, 'free');
  return username;
}

describe('npm run call', () => {
  it.each(['udp', 'tcp'])(
    'over %s tells each step, hears audio, hangs up, and exits 0',
    async (transport) => {
      await freeGateway();
      const child = call('room-1', '--transport', transport, '--duration', '1', '--json');
      expect((await child.exited).code).toBe(0);
      const steps = child.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(steps.map(({ event }) => event)).toEqual(
        expect.arrayContaining(['calling', 'progress', 'answered', 'ended']),
      );
      const ended = steps.at(-1);
      expect(ended).toMatchObject({ event: 'ended', by: 'local' });
      expect(ended.heardPackets).toBeGreaterThan(10);
      expect(ended.heardPeak).toBeGreaterThan(4000);
      await stack.untilCall(steps[0].callId, { room: 'room-1' });
    },
  );

  it('tells people who answered, and what was heard', async () => {
    await freeGateway();
    const child = call('1234', '--duration', '0.5', '--from', 'Ann <sip:ann@office.example>');
    expect((await child.exited).code).toBe(0);
    expect(child.output).toMatch(/calling +INVITE sip:1234@/);
    expect(child.output).toMatch(/answered +200 OK/);
    expect(child.output).toMatch(/ended +BYE sent; audio packets: \d+ sent, \d+ heard/);
  });

  it('hangs up on Ctrl-C', async () => {
    await freeGateway();
    const child = call('1234', '--duration', '60');
    await child.says(/answered/);
    expect((await child.stop('SIGINT')).code).toBe(0);
    expect(child.output).toMatch(/BYE sent/);
    await freeGateway();
  });

  it('exits 1 with status, reason and Retry-After where the call is refused', async () => {
    const child = call('1234', '--domain', 'other.example');
    expect((await child.exited).code).toBe(1);
    expect(child.output).toMatch(/refused +403 Forbidden {2}Reason: .*foreign-domain/);
  });

  it('exits 1 in one line where no run is found', async () => {
    const child = command('1234', '--run-file', '/nonexistent/run.json');
    expect((await child.exited).code).toBe(1);
    expect(child.output.trim().split('\n')).toHaveLength(1);
    expect(child.output).toMatch(/no run found/);
  });

  it.each([
    [['1234', '--loud'], /Unknown option '--loud'/],
    [[], /which room/],
    [['a', 'b'], /one room only/],
    [['1234', '--transport', 'sctp'], /--transport takes/],
    [['1234', '--duration', 'long'], /--duration takes/],
    [['1234', '--sip', 'a b'], /--sip takes HOST:PORT/],
    [['1234', '--from', 'nobody'], /--from takes/],
  ])('%j is wrong: one line, exit 2', async (args, message) => {
    const child = command(...args);
    expect((await child.exited).code).toBe(2);
    expect(child.output.trim().split('\n')).toHaveLength(1);
    expect(child.output).toMatch(message);
  });

  it('explains itself', async () => {
    const child = command('--help');
    expect((await child.exited).code).toBe(0);
    expect(child.output).toContain('--transport udp|tcp');
  });
});
