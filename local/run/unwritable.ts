import type { Unwritable } from '../aws/unwritable.ts';

/** A full disk fails many files, and each many times. */
const sayEveryMs = 60_000;

/** @returns what says, once a minute, that a file cannot be written, and what to do */
export function unwritable(trouble: (event: string, text: string) => void): Unwritable {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (file, { code }) => {
    if (performance.now() - saidAt < sayEveryMs) return;
    saidAt = performance.now();
    const why = code === 'ENOSPC' ? 'its disk is full: make room there' : `${code}: make it writable`;
    trouble(
      'disk.unwritable',
      `${file} cannot be written (${why}); what needs no disk goes on, and what this file should hold is lost`,
    );
  };
}
