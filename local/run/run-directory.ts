import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RunError } from './options.ts';

export interface RunDirectory {
  dir: string;
  /** Whether it is there for the next run. */
  keep: boolean;
  remove: () => void;
}

/**
 * Where a run writes: the directory given, or one of its own that goes with it.
 * @throws RunError where it cannot be written
 */
export function openRunDirectory(data: string | undefined): RunDirectory {
  if (data === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'switchroom-'));
    mkdirSync(join(dir, 'logs'));
    return { dir, keep: false, remove: () => rmSync(dir, { recursive: true, force: true }) };
  }
  const dir = resolve(data);
  try {
    mkdirSync(join(dir, 'logs'), { recursive: true });
    accessSync(dir, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new RunError(
      `--data ${data} cannot be written (${code}): make it writable, or choose another directory`,
    );
  }
  return { dir, keep: true, remove: () => undefined };
}
