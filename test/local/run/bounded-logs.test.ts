import { appendFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { boundLogs } from '../../../local/run/processes/bounded-logs.ts';

it('empties a log that has grown too long, and its writer goes on in it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-logs-'));
  const writer = openSync(join(dir, 'long.log'), 'a');
  writeSync(writer, 'x'.repeat(2000));
  appendFileSync(join(dir, 'short.log'), 'kept');
  boundLogs(dir, () => {}, 1000);
  writeSync(writer, 'and on');
  expect(readFileSync(join(dir, 'long.log'), 'utf8')).toBe('and on');
  expect(readFileSync(join(dir, 'short.log'), 'utf8')).toBe('kept');
  rmSync(dir, { recursive: true });
});

it('says that its directory is gone, and lets the run go on', () => {
  const onUnwritable = vi.fn();
  boundLogs('/nowhere/logs', onUnwritable);
  expect(onUnwritable).toHaveBeenCalledExactlyOnceWith(
    '/nowhere/logs',
    expect.objectContaining({ code: 'ENOENT' }),
  );
});
