import { closeSync, openSync, writeSync } from 'node:fs';
import type { Unwritable } from '../../aws/unwritable.ts';

/** A log that is written at once, and goes on where its disk is full: what is printed then is lost. */
export class LogFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #onUnwritable: Unwritable;

  /** @throws the system's error where the file cannot be opened */
  constructor(path: string, onUnwritable: Unwritable) {
    this.#path = path;
    this.#fd = openSync(path, 'a');
    this.#onUnwritable = onUnwritable;
  }

  write(chunk: string | Uint8Array): void {
    try {
      writeSync(this.#fd, chunk as Uint8Array);
    } catch (error) {
      this.#onUnwritable(this.#path, error as NodeJS.ErrnoException);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
