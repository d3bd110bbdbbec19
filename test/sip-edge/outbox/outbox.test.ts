import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Entry, maxBatchBytes, takeBatch } from '../../../sip-edge/outbox/batch.ts';
import { Outbox } from '../../../sip-edge/outbox/outbox.ts';
import { systemClock } from '../../../sip-edge/ports.ts';
import { until } from '../../support/until.ts';
import { TestBus } from '../support/bus.ts';
import { recordingLog } from '../support/log.ts';

let directory: string;
let stateDir: string;
let open: Outbox[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'outbox-'));
  stateDir = join(directory, 'state');
  open = [];
});

afterEach(async () => {
  for (const outbox of open) await outbox.close(0);
  rmSync(directory, { recursive: true, force: true });
});

function openOutbox(bus: TestBus, maxBytes = 1e9) {
  const log = recordingLog();
  const settings = { stateDir, maxBytes, edgeId: 'edge', clock: systemClock, log, backoffMs: 2, tendMs: 10 };
  const outbox = new Outbox({ ...settings, deliver: bus.deliver });
  open.push(outbox);
  const say = (callId: string) => outbox.publish({ type: 'call.cancelled', callId, gatewayAnswered: false });
  return { outbox, log, say };
}

/** A bus that nobody reaches: what is said stays. */
function downBus(): TestBus {
  const bus = new TestBus();
  bus.behaviour = 'down';
  return bus;
}

const callIds = (bus: TestBus) => bus.facts.map((fact) => ('callId' in fact ? fact.callId : fact.type));
const names = (count: number) => Array.from({ length: count }, (_, index) => `call-${index + 1}`);
const file = () => join(stateDir, 'outbox.log');

describe('the outbox', () => {
  it('sends a fact at once, with version, id, edge and time', async () => {
    const bus = new TestBus();
    const { outbox, say } = openOutbox(bus);
    say('call-1');
    await until('the fact', () => bus.facts.length === 1);
    expect(bus.facts[0]).toMatchObject({
      version: 1,
      edgeId: 'edge',
      callId: 'call-1',
      type: 'call.cancelled',
    });
    await until('its end', () => outbox.pending === 0);
  });

  it('tells for how long the oldest fact has been waiting', async () => {
    const bus = downBus();
    const { outbox } = openOutbox(bus);
    expect(outbox.delayMs).toBe(0);
    outbox.publish({
      type: 'call.cancelled',
      callId: 'late',
      gatewayAnswered: false,
      at: Date.now() - 90_000,
    });
    expect(outbox.delayMs).toBeGreaterThanOrEqual(90_000);
    bus.behaviour = undefined;
    await until('its end', () => outbox.pending === 0);
    expect(outbox.delayMs).toBe(0);
  });

  it('collects while a batch is in flight, and sends ten at most at a time', async () => {
    const bus = new TestBus();
    bus.behaviour = 'hold';
    const { outbox, say } = openOutbox(bus);
    say('first');
    await new Promise((resolve) => setImmediate(resolve));
    for (const callId of names(25)) say(callId);
    bus.release();
    await until('all of them', () => {
      bus.release();
      return outbox.pending === 0;
    });
    expect(Math.max(...bus.batches.map((batch) => batch.length))).toBe(10);
    expect(callIds(bus).toSorted()).toEqual(['first', ...names(25)].toSorted());
  });

  it('sends again only the entries that the bus did not take', async () => {
    const bus = new TestBus();
    let throttled = 2;
    bus.behaviour = (fact) => {
      const isSecond = 'callId' in fact && fact.callId === 'call-2';
      if (!isSecond || throttled === 0) return { result: 'sent' };
      throttled -= 1;
      return { result: 'again', why: 'ThrottlingException' };
    };
    const { outbox, log, say } = openOutbox(bus);
    for (const callId of names(3)) say(callId);
    await until('the end', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(['call-1', 'call-3', 'call-2']);
    expect(log.lines.filter(({ event }) => event === 'facts-delayed')).toHaveLength(2);
  });

  it('logs whole the fact that the bus will never take, and goes on', async () => {
    const bus = new TestBus();
    bus.behaviour = (fact) =>
      'callId' in fact && fact.callId === 'call-1'
        ? { result: 'never', why: 'MalformedDetail' }
        : { result: 'sent' };
    const { outbox, log, say } = openOutbox(bus);
    say('call-1');
    say('call-2');
    await until('the end', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(['call-2']);
    const [line] = log.lines.filter(({ event }) => event === 'fact-rejected');
    expect(line).toMatchObject({ callId: 'call-1', why: 'MalformedDetail' });
    expect(JSON.parse(String(line?.detail))).toMatchObject({ callId: 'call-1' });
  });
});

describe('after a restart the outbox', () => {
  it('sends what was said before a kill, every fact of it', async () => {
    const script = join(import.meta.dirname, '../support/outbox-child.ts');
    const child = spawn(process.execPath, [script, stateDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
      if (output.split('\n').length > 200) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('close', resolve));
    const said = output.split('\n').slice(0, -1);

    const bus = new TestBus();
    const { outbox } = openOutbox(bus);
    await until('all of them', () => outbox.pending === 0 && bus.facts.length >= said.length);
    // One more may have reached the disk before its line reached us.
    expect(callIds(bus).slice(0, said.length)).toEqual(said);
  });

  it('does not send again what the bus has', async () => {
    const first = new TestBus();
    const { outbox, say } = openOutbox(first);
    for (const callId of names(5)) say(callId);
    await until('the end', () => outbox.pending === 0);
    first.behaviour = 'down';
    say('call-6');
    await outbox.close(0);

    const second = new TestBus();
    const { outbox: next } = openOutbox(second);
    await until('the rest', () => next.pending === 0 && second.facts.length > 0);
    expect(callIds(second)).toEqual(['call-6']);
  });

  it('keeps the id of a fact, by which a consumer knows it again', async () => {
    const { outbox, say } = openOutbox(downBus());
    say('call-1');
    await outbox.close(0);
    const bus = new TestBus();
    openOutbox(bus);
    await until('the fact', () => bus.facts.length === 1);
    expect(readFileSync(file(), 'utf8')).toContain(bus.facts[0]?.id);
  });

  it('bears a last line that was being written when the process died', async () => {
    const { outbox, say } = openOutbox(downBus());
    for (const callId of names(2)) say(callId);
    await outbox.close(0);
    const whole = readFileSync(file());
    for (const cut of [1, 20, 100]) {
      writeFileSync(file(), whole.subarray(0, whole.length - cut));
      const bus = new TestBus();
      const { outbox: next, log, say: sayNext } = openOutbox(bus);
      sayNext('call-3');
      await until('the facts', () => next.pending === 0);
      expect(callIds(bus)).toEqual(['call-1', 'call-3']);
      expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
      await next.close(0);
    }
  });

  it('sets a corrupt line aside, says so, and sends the rest', async () => {
    const { outbox, say } = openOutbox(downBus());
    for (const callId of names(3)) say(callId);
    await outbox.close(0);
    const lines = readFileSync(file(), 'utf8').split('\n');
    const corrupt = lines[1]?.replace('call-2', 'call-X') ?? '';
    writeFileSync(file(), [lines[0], corrupt, lines[2], ''].join('\n'));

    const bus = new TestBus();
    const { outbox: next, log } = openOutbox(bus);
    await until('the rest', () => next.pending === 0 && bus.facts.length > 0);
    expect(callIds(bus)).toEqual(['call-1', 'call-3']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'outbox-corrupt', lines: 1 }),
    );
    expect(readFileSync(`${file()}.corrupt`, 'utf8')).toBe(`${corrupt}\n`);
  });

  it('sets a fact that it does not know aside once, and not again at each start', async () => {
    const { outbox, say } = openOutbox(downBus());
    say('call-1');
    await outbox.close(0);
    const strange = '{"fact":{"version":2}}';
    const line = `${crc32(strange).toString(16).padStart(8, '0')} ${strange}\n`;
    const noJson = `${crc32('{').toString(16).padStart(8, '0')} {\n`;
    writeFileSync(file(), line + noJson + readFileSync(file(), 'utf8'));

    for (const lines of [2, undefined]) {
      const { outbox: next, log } = openOutbox(downBus());
      expect(next.pending).toBe(1);
      expect(log.lines.find(({ event }) => event === 'outbox-corrupt')?.lines).toBe(lines);
      await next.close(0);
    }
    expect(readFileSync(`${file()}.corrupt`, 'utf8')).toBe(line + noJson);
  });

  it('bears any bytes in its file', async () => {
    mkdirSync(stateDir, { recursive: true });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        writeFileSync(file(), bytes);
        const bus = new TestBus();
        const { outbox, say } = openOutbox(bus);
        say('call-1');
        await until('the fact', () => outbox.pending === 0);
        expect(callIds(bus)).toEqual(['call-1']);
        await outbox.close(0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('an outbox that cannot be written', () => {
  it('keeps facts in memory, says so with the Call-ID, sends them, and writes again when it can', async () => {
    // A file where the directory should be: unwritable even for root.
    writeFileSync(stateDir, '');
    const bus = downBus();
    const { outbox, log, say } = openOutbox(bus);
    say('call-1');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'outbox-unwritable', callId: 'call-1' }),
    );
    rmSync(stateDir);
    await until('the disk', () => log.lines.some(({ event }) => event === 'outbox-writable'));
    await until('the fact on it', () => readFileSync(file(), 'utf8').includes('call-1'));
    bus.behaviour = undefined;
    await until('the end', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(['call-1']);
  });

  it('goes on when the disk is full, and leaves no half line behind', async () => {
    const script = join(import.meta.dirname, '../support/outbox-child.ts');
    // The kernel cuts the file's size: the write that crosses 4 KB is a short one, the next fails.
    const limited = `trap '' XFSZ; ulimit -f 4; exec "$0" "$@"`;
    const child = spawn('bash', ['-c', limited, process.execPath, script, stateDir, '40'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
    });
    await new Promise((resolve) => child.once('close', resolve));
    const said = output.split('\n').slice(0, -1);
    const kept = said.filter((line) => !line.includes(' '));
    expect(said).toHaveLength(40);
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(40);

    const bus = new TestBus();
    const { outbox, log } = openOutbox(bus);
    await until('what was kept', () => outbox.pending === 0 && bus.facts.length > 0);
    expect(callIds(bus)).toEqual(kept);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('the outbox is bounded:', () => {
  it('beyond its size the oldest fact is given up, and logged', async () => {
    const bus = downBus();
    const { outbox, log, say } = openOutbox(bus, 1000);
    for (const callId of names(20)) say(callId);
    const kept = outbox.pending;
    expect(kept).toBeLessThan(20);
    expect(log.lines.filter(({ event }) => event === 'outbox-full')[0]).toMatchObject({ callId: 'call-1' });
    bus.behaviour = undefined;
    await until('the rest', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(names(20).slice(-kept));
  });

  it('the file is emptied once all is sent', async () => {
    const bus = new TestBus();
    const { outbox, say } = openOutbox(bus);
    for (const callId of names(1000)) say(callId);
    await until('the end', () => outbox.pending === 0);
    expect(statSync(file()).size).toBeLessThan(64 * 1024 + 1);
  });

  it('the file is rewritten when little of it is still to be sent', async () => {
    const bus = new TestBus();
    bus.behaviour = (fact) =>
      'callId' in fact && fact.callId === 'stuck' ? { result: 'again', why: 'busy' } : { result: 'sent' };
    const { outbox, say } = openOutbox(bus);
    say('stuck');
    for (const callId of names(6000)) say(callId);
    await until('all but one', () => outbox.pending === 1);
    expect(statSync(file()).size).toBeLessThan(1024 * 1024);
    await outbox.close(0);

    const next = new TestBus();
    openOutbox(next);
    await until('the last', () => next.facts.length > 0);
    expect(callIds(next)).toEqual(['stuck']);
  });
});

describe('a batch', () => {
  it('is never larger than PutEvents takes, and loses or swaps nothing', () => {
    const entry = fc.integer({ min: 1, max: maxBatchBytes }).map((bytes) => ({ bytes }) as Entry);
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 50 }), (entries) => {
        const queue = [...entries];
        const batches: Entry[][] = [];
        while (queue.length > 0) batches.push(takeBatch(queue));
        expect(batches.flat()).toEqual(entries);
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(10);
          expect(batch.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(maxBatchBytes);
        }
      }),
    );
  });
});
