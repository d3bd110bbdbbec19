import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

const lookEveryMs = 30_000;
const maxBytes = 128 * 1024 * 1024;

/**
 * Empties every log that has grown beyond the bound. All of them are written in append mode, so their writers go on
 * at the new end.
 * @param limitBytes of one file
 */
export function boundLogs(logDir: string, limitBytes = maxBytes): void {
  for (const name of readdirSync(logDir)) {
    const file = join(logDir, name);
    // A task's log goes with the task, perhaps just now.
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > limitBytes) truncateSync(file, 0);
  }
}

/** Keeps a long run from filling the disk. @returns how to end it */
export function keepLogsBounded(logDir: string): () => void {
  const timer = setInterval(() => boundLogs(logDir), lookEveryMs);
  return () => clearInterval(timer);
}
