import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../../../command-line/command-error.ts';
import { type RunFile, readRunFile } from '../../../command-line/run-file.ts';

/** @throws CommandError where another run uses the file */
export function claimRunFile(file: string): void {
  const other = readRunFile(file);
  if (other && other.pid !== process.pid) {
    throw new CommandError(
      `another run (process ${other.pid}) is on: stop it, or give this one its own --run-file FILE`,
    );
  }
}

export function writeRunFile(file: string, run: RunFile): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeRunFile(file: string): void {
  rmSync(file, { force: true });
}
