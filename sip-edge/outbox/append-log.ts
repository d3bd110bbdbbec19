import {
  appendFileSync,
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

const lineOf = (record: string) => `${crc32(record).toString(16).padStart(8, '0')} ${record}\n`;

/** Node's own recursive mkdir never returns where a file system denies that its directory exists (/proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

/** @returns the record of a line, or undefined where its checksum does not hold */
function recordOf(line: string): string | undefined {
  const record = line.slice(9);
  return line[8] === ' ' && crc32(record) === Number.parseInt(line.slice(0, 8), 16) ? record : undefined;
}

/** Writes all of it: one write may take less where the disk is nearly full. @throws the file system's error */
function writeWhole(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}

/**
 * An append-only file of one-line records, each with its CRC-32.
 *
 * `append` hands the record to the operating system before it returns, so it survives the process (a kill, a
 * crash). It survives the machine from the next `sync` on, which the owner calls about once a second: an fsync
 * for each record would cost more than a call does, and a container's disk seldom outlives its host anyway.
 */
export class AppendLog {
  readonly #path: string;
  readonly #fd: number;
  #size: number;

  private constructor(path: string, fd: number, size: number) {
    this.#path = path;
    this.#fd = fd;
    this.#size = size;
  }

  /**
   * Opens the file, made with its directory where missing.
   * A last line without its end was being written when the process died: it was never said, and is cut off.
   * A line whose checksum does not hold, or whose record `read` does not understand, moves to `{path}.corrupt`: a
   * line that stayed would be found, and told of, at each start.
   * @param read gives what a record says; undefined where it does not understand it
   * @returns the log, what its records say in order, and how many lines were set aside
   * @throws the file system's error
   */
  static open<T>(
    path: string,
    read: (record: string) => T | undefined,
  ): { log: AppendLog; records: T[]; setAside: number } {
    makeDirectory(dirname(path));
    const fd = openSync(path, 'a+', 0o600);
    try {
      if (!fstatSync(fd).isFile()) throw new Error(`${path} is no regular file`);
      const bytes = readFileSync(path);
      const size = bytes.lastIndexOf(0x0a) + 1;
      if (size < bytes.length) ftruncateSync(fd, size);
      const log = new AppendLog(path, fd, size);
      const lines = bytes.subarray(0, size).toString('utf8').split('\n').slice(0, -1);
      const records: T[] = [];
      const kept: string[] = [];
      const aside: string[] = [];
      for (const line of lines) {
        const record = recordOf(line);
        const said = record === undefined ? undefined : read(record);
        if (record !== undefined && said !== undefined) {
          records.push(said);
          kept.push(record);
        } else if (line !== '') aside.push(line);
      }
      if (kept.length === lines.length) return { log, records, setAside: 0 };
      const text = aside.map((line) => `${line}\n`).join('');
      appendFileSync(`${path}.corrupt`, text, { mode: 0o600, flush: true });
      return { log: log.replaceWith(kept), records, setAside: aside.length };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  /** @throws the file system's error; the file then ends as it did before, if it lets itself be cut */
  append(record: string): void {
    const line = Buffer.from(lineOf(record));
    try {
      writeWhole(this.#fd, line);
    } catch (error) {
      this.#cutTo(this.#size);
      throw error;
    }
    this.#size += line.length;
  }

  /** Empties the file. */
  clear(): void {
    ftruncateSync(this.#fd, 0);
    this.#size = 0;
  }

  /** Makes what was appended survive the machine. Calls back with the file system's error, if any. */
  sync(done: (error: Error | null) => void): void {
    fdatasync(this.#fd, done);
  }

  /**
   * Puts a log with only these records in this one's place, atomically, and closes this one. Nothing can fail once
   * this one is closed: the new log keeps the descriptor that its lines were written with.
   * @throws the file system's error; this log is then open as before
   */
  replaceWith(records: Iterable<string>): AppendLog {
    const next = `${this.#path}.next`;
    const bytes = Buffer.from(Array.from(records, lineOf).join(''));
    // What a process that died left half written.
    rmSync(next, { force: true });
    const fd = openSync(next, 'ax+', 0o600);
    try {
      writeWhole(fd, bytes);
      fsyncSync(fd);
      renameSync(next, this.#path);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(this.#fd);
    return new AppendLog(this.#path, fd, bytes.length);
  }

  close(): void {
    try {
      fsyncSync(this.#fd);
    } finally {
      closeSync(this.#fd);
    }
  }

  #cutTo(size: number): void {
    try {
      ftruncateSync(this.#fd, size);
    } catch {
      // The half line stays; its checksum tells at the next start. The first error is the one to report.
    }
  }
}
