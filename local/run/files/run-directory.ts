import { accessSync, chmodSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CommandError } from '../../../command-line/command-error.ts';

export interface RunDirectory {
  dir: string;
  /** Whether it is there for the next run. */
  keep: boolean;
  remove: () => void;
}

/** As `mkdir -p`. The recursive mkdir of Node 24 never returns where the parent refuses with ENOENT, as /proc does. */
function makeDirectory(dir: string): void {
  if (existsSync(dir)) return;
  makeDirectory(dirname(dir));
  mkdirSync(dir);
}

/**
 * Where a run writes: the directory given, or one of its own that goes with it. Nobody else may look into it: it has the
 * secret of the gateways, who has called whom, and what was said in the logs.
 * @throws CommandError where it cannot be written
 */
export function openRunDirectory(data: string | undefined): RunDirectory {
  if (data === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'switchroom-'));
    mkdirSync(join(dir, 'logs'));
    return { dir, keep: false, remove: () => rmSync(dir, { recursive: true, force: true }) };
  }
  const dir = resolve(data);
  try {
    makeDirectory(join(dir, 'logs'));
    accessSync(dir, constants.W_OK);
    chmodSync(dir, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `--data ${data} cannot be used (${code}): make it writable and your own, or choose another directory`,
    );
  }
  return { dir, keep: true, remove: () => undefined };
}
