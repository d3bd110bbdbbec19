import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppendLog } from '../../../sip-edge/outbox/append-log.ts';

// No file system refuses to open a file for root at the very moment that a test wants it to.
vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>();
  return { ...original, openSync: vi.fn(original.openSync) };
});

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'append-log-'));
  path = join(directory, 'log');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = () => AppendLog.open(path, (record) => record);

describe('a log that is replaced', () => {
  it('holds the records given and what is appended after', () => {
    const { log } = open();
    log.append('one');
    const next = log.replaceWith(['two']);
    next.append('three');
    next.clear();
    next.append('four');
    next.close();
    expect(open().records).toEqual(['four']);
  });

  it('is still written where the new file cannot be opened', () => {
    const { log } = open();
    log.append('one');
    vi.mocked(openSync).mockImplementationOnce(() => {
      throw new Error('EMFILE');
    });
    expect(() => log.replaceWith(['two'])).toThrow('EMFILE');
    log.append('three');
    log.close();
    expect(open().records).toEqual(['one', 'three']);
  });

  it('is replaced at the next try, whatever the last one left behind', () => {
    const { log } = open();
    const { log: other } = AppendLog.open(`${path}.next`, (record) => record);
    other.append('half written');
    other.close();
    log.replaceWith(['two']).close();
    expect(open().records).toEqual(['two']);
  });
});

describe('a line that is not understood', () => {
  it('is set aside once, and found no more', () => {
    const { log } = open();
    for (const record of ['one', 'strange', 'two']) log.append(record);
    log.close();
    const read = (record: string) => (record === 'strange' ? undefined : record);
    const first = AppendLog.open(path, read);
    expect(first).toMatchObject({ records: ['one', 'two'], setAside: 1 });
    first.log.append('three');
    first.log.close();
    expect(AppendLog.open(path, read)).toMatchObject({ records: ['one', 'two', 'three'], setAside: 0 });
    expect(readFileSync(`${path}.corrupt`, 'utf8').split('\n')).toEqual([
      expect.stringContaining('strange'),
      '',
    ]);
  });
});
