import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Unwritable } from '../../aws/unwritable.ts';

const lookEveryMs = 30_000;
const maxBytes = 128 * 1024 * 1024;

/**
 * Empties every log that has grown beyond the bound. All of them are written in append mode, so their writers go on
 * at the new end.
 * @param onUnwritable told where the directory is gone, as whoever cleans up /tmp removes one that is old
 * @param limitBytes of one file
 */
export function boundLogs(logDir: string, onUnwritable: Unwritable, limitBytes = maxBytes): void {
  try {
    empty(logDir, limitBytes);
  } catch (error) {
    onUnwritable(logDir, error as NodeJS.ErrnoException);
  }
}

function empty(logDir: string, limitBytes: number): void {
  for (const name of readdirSync(logDir)) {
    const file = join(logDir, name);
    // A task's log goes with the task, perhaps just now.
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > limitBytes) truncateSync(file, 0);
  }
}

/** Keeps a long run from filling the disk. @returns how to end it */
export function keepLogsBounded(logDir: string, onUnwritable: Unwritable): () => void {
  const timer = setInterval(() => boundLogs(logDir, onUnwritable), lookEveryMs);
  return () => clearInterval(timer);
}
