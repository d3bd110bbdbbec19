import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { TestBus } from '../support/bus.ts';
import { callIds, downBus, OutboxSuite } from './support.ts';

const suite = new OutboxSuite();

describe('an outbox that cannot be written', () => {
  it('keeps facts in memory, says so with the Call-ID, sends them, and writes again when it can', async () => {
    // A file where the directory should be: unwritable even for root.
    writeFileSync(suite.stateDir, '');
    const bus = downBus();
    const { outbox, log, say } = suite.open(bus);
    say('call-1');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'outbox-unwritable', callId: 'call-1' }),
    );
    rmSync(suite.stateDir);
    await until('the disk', () => log.lines.some(({ event }) => event === 'outbox-writable'));
    await until('the fact on it', () => readFileSync(suite.file, 'utf8').includes('call-1'));
    bus.behaviour = undefined;
    await until('the end', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(['call-1']);
  });

  it('goes on when the disk is full, and leaves no half line behind', async () => {
    // The kernel cuts the file's size: the write that crosses 4 KB is a short one, the next fails.
    const limited = `trap '' XFSZ; ulimit -f 4; exec "$0" "$@"`;
    const said = await suite.saidByChild({ shell: ['bash', '-c', limited], count: 40 });
    const kept = said.filter((line) => !line.includes(' '));
    expect(said).toHaveLength(40);
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(40);

    const bus = new TestBus();
    const { outbox, log } = suite.open(bus);
    await until('what was kept', () => outbox.pending === 0 && bus.facts.length > 0);
    expect(callIds(bus)).toEqual(kept);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
