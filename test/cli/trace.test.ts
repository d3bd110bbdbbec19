import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLinesOfCall } from '../../cli/trace/read-lines.ts';
import { show } from '../../cli/trace/show.ts';
import { runCommand } from '../support/process/run-command.ts';
import { SwitchroomProcess } from '../support/process/switchroom-process.ts';
import { until } from '../support/until.ts';

const traceId = '1-67e00000-0123456789abcdef01234567';

describe('the log lines of a call', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'trace-'));
    const write = (name: string, lines: (object | string)[]) =>
      writeFileSync(
        join(dir, name),
        lines.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join(''),
      );
    write('edge.log', [
      { time: 1500, msg: 'call over', callId: 'call "1"', traceId, edgeId: 'a', outcome: 'answered' },
      { time: 1600, msg: 'call over', callId: 'call "10"', edgeId: 'a' },
      '{"time":1700,"callId":"call \\"1\\"","msg":"cut',
    ]);
    write('Stack-allocate.log', [
      'START of an environment',
      {
        timestamp: '1970-01-01T00:00:01.100Z',
        message: 'done',
        service: 'allocate',
        callId: 'call "1"',
        traceId,
      },
      { timestamp: '1970-01-01T00:00:01.200Z', callId: 'call "1"', traceId, _aws: {} },
      { timestamp: '1970-01-01T00:00:01.300Z', message: 'slow', service: 'allocate', traceId },
    ]);
    write('Stack-register.log', [
      {
        timestamp: '1970-01-01T00:00:01.050Z',
        message: 'done',
        service: 'register',
        matchedCallId: 'call "1"',
      },
    ]);
    write('notes.txt', [{ time: 1, callId: 'call "1"' }]);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('are those that name it or share its trace, of all logs, oldest first', async () => {
    const lines = await readLinesOfCall(dir, 'call "1"');
    expect(lines.map((line) => [line.service ?? 'edge', line.msg ?? line.message])).toEqual([
      ['register', 'done'],
      ['allocate', 'done'],
      ['allocate', 'slow'],
      ['edge', 'call over'],
    ]);
  });

  it('are shown with who said what, and how long after the first', async () => {
    expect(show(await readLinesOfCall(dir, 'call "1"'), 'call "1"').split('\n')).toEqual([
      'Call-ID  call "1"',
      `trace    ${traceId}`,
      'from     1970-01-01T00:00:01.050Z',
      '',
      'AFTER    WHO       WHAT       DETAILS',
      '+0 ms    register  done       matchedCallId=call "1"',
      '+50 ms   allocate  done',
      '+250 ms  allocate  slow',
      '+450 ms  edge a    call over  outcome=answered',
    ]);
  });
});

describe('npm run trace', () => {
  let run: SwitchroomProcess;
  beforeAll(async () => {
    run = new SwitchroomProcess([
      ...['--min-free', '1', '--max', '1', '--gateway-kind', 'node', '--after-call', 'reuse'],
    ]);
    await run.ready();
  });
  afterAll(() => run.dispose());

  const trace = (...args: string[]) => runCommand('cli/trace.ts', [...args, '--run-file', run.runFile]);

  it('shows a real call’s way by one trace id, through edge and functions', async () => {
    const placed = await runCommand('cli/call.ts', ['1234', '--duration', '1', '--run-file', run.runFile]);
    expect(placed).toMatchObject({ code: 0 });
    const callId = String((await run.event('call.ended')).callId);
    const lines = await until('the end has reached the function', async () => {
      const { stdout } = await trace(callId, '--json');
      const found = JSON.parse(stdout || '[]') as Record<string, unknown>[];
      return found.some(({ event }) => event === 'call.ended') && found;
    });
    const said = lines.map(({ service, event, msg, message }) => [
      service ?? 'edge',
      event ?? msg ?? message,
    ]);
    expect(said).toEqual(
      expect.arrayContaining([
        ['allocate', 'done'],
        ['calls', 'call.answered'],
        ['edge', 'call over'],
        ['calls', 'call.ended'],
      ]),
    );
    const traceIds = new Set(lines.map((line) => line.traceId));
    expect(traceIds.size).toBe(1);
    const [id] = traceIds;
    const record = await runCommand('cli/switchroom.ts', [
      'call',
      callId,
      '--json',
      '--run-file',
      run.runFile,
    ]);
    expect(JSON.parse(record.stdout).traceId).toBe(id);
    expect((await trace(callId)).stdout).toContain(`trace    ${id}`);
  });

  it('finds a call that was refused at admission, which has no record', async () => {
    const options = ['--domain', 'other.example', '--json', '--run-file', run.runFile];
    const refused = await runCommand('cli/call.ts', ['1234', ...options]);
    const [first = ''] = refused.stdout.split('\n');
    const { callId } = JSON.parse(first) as { callId: string };
    expect((await trace(callId)).stdout).toMatch(/edge local +request refused +outcome=foreign-domain/);
  });

  it('says that nothing names a call, and refuses a wrong command line in one line', async () => {
    expect(await trace('nobody')).toMatchObject({ code: 1, stdout: expect.stringContaining('No log line') });
    expect(await runCommand('cli/trace.ts', [])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^trace: name one Call-ID.*\n$/),
    });
  });
});
