import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { TestBus } from '../support/bus.ts';
import { callIds, downBus, names, OutboxSuite } from './support.ts';

const suite = new OutboxSuite();

describe('after a restart the outbox', () => {
  it('sends what was said before a kill, every fact of it', async () => {
    const said = await suite.saidByChild({ killedAfter: 200 });

    const bus = new TestBus();
    const { outbox } = suite.open(bus);
    await until('all of them', () => outbox.pending === 0 && bus.facts.length >= said.length);
    // One more may have reached the disk before its line reached us.
    expect(callIds(bus).slice(0, said.length)).toEqual(said);
  });

  it('does not send again what the bus has', async () => {
    const first = new TestBus();
    const { outbox, say } = suite.open(first);
    for (const callId of names(5)) say(callId);
    await until('the end', () => outbox.pending === 0);
    first.behaviour = 'down';
    say('call-6');
    await outbox.close(0);

    const second = new TestBus();
    const { outbox: next } = suite.open(second);
    await until('the rest', () => next.pending === 0 && second.facts.length > 0);
    expect(callIds(second)).toEqual(['call-6']);
  });

  it('keeps the id of a fact, by which a consumer knows it again', async () => {
    await suite.leave(1);
    const bus = new TestBus();
    suite.open(bus);
    await until('the fact', () => bus.facts.length === 1);
    expect(readFileSync(suite.file, 'utf8')).toContain(bus.facts[0]?.id);
  });

  it('bears a last line that was being written when the process died', async () => {
    await suite.leave(2);
    const whole = readFileSync(suite.file);
    for (const cut of [1, 20, 100]) {
      writeFileSync(suite.file, whole.subarray(0, whole.length - cut));
      const bus = new TestBus();
      const { outbox: next, log, say: sayNext } = suite.open(bus);
      sayNext('call-3');
      await until('the facts', () => next.pending === 0);
      expect(callIds(bus)).toEqual(['call-1', 'call-3']);
      expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
      await next.close(0);
    }
  });

  it('sets a corrupt line aside, says so, and sends the rest', async () => {
    await suite.leave(3);
    const lines = readFileSync(suite.file, 'utf8').split('\n');
    const corrupt = lines[1]?.replace('call-2', 'call-X') ?? '';
    writeFileSync(suite.file, [lines[0], corrupt, lines[2], ''].join('\n'));

    const bus = new TestBus();
    const { outbox: next, log } = suite.open(bus);
    await until('the rest', () => next.pending === 0 && bus.facts.length > 0);
    expect(callIds(bus)).toEqual(['call-1', 'call-3']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'outbox-corrupt', lines: 1 }),
    );
    expect(readFileSync(`${suite.file}.corrupt`, 'utf8')).toBe(`${corrupt}\n`);
  });

  it('sets a fact that it does not know aside once, and not again at each start', async () => {
    await suite.leave(1);
    const strange = '{"fact":{"version":2}}';
    const line = `${crc32(strange).toString(16).padStart(8, '0')} ${strange}\n`;
    const noJson = `${crc32('{').toString(16).padStart(8, '0')} {\n`;
    writeFileSync(suite.file, line + noJson + readFileSync(suite.file, 'utf8'));

    for (const lines of [2, undefined]) {
      const { outbox: next, log } = suite.open(downBus());
      expect(next.pending).toBe(1);
      expect(log.lines.find(({ event }) => event === 'outbox-corrupt')?.lines).toBe(lines);
      await next.close(0);
    }
    expect(readFileSync(`${suite.file}.corrupt`, 'utf8')).toBe(line + noJson);
  });

  it('bears any bytes in its file', async () => {
    mkdirSync(suite.stateDir, { recursive: true });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        writeFileSync(suite.file, bytes);
        const bus = new TestBus();
        const { outbox, say } = suite.open(bus);
        say('call-1');
        await until('the fact', () => outbox.pending === 0);
        expect(callIds(bus)).toEqual(['call-1']);
        await outbox.close(0);
      }),
      { numRuns: 30 },
    );
  });
});
