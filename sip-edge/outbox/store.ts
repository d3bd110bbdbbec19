import * as z from 'zod';
import { factSchema } from '../../contracts/facts.ts';
import type { Log } from '../ports.ts';
import { AppendLog } from './append-log.ts';
import { callOf, type Entry, entryBytes } from './batch.ts';

/** A line of the file: a fact, or the ids of facts that the bus has. */
const recordSchema = z.union([z.object({ fact: factSchema }), z.object({ sent: z.array(z.string()) })]);
type StoredRecord = { entry: Entry } | { sent: string[] };

/** An empty outbox longer than this is cut to nothing; a longer one is rewritten once most of it is sent already. */
const clearAboveBytes = 64 * 1024;
const compactAboveBytes = 1024 * 1024;

function entryOf(detail: string, fact: z.infer<typeof factSchema>): Entry {
  const { id, type, at } = fact;
  return { id, type, at, ...callOf(fact), detail, bytes: entryBytes(type, detail), isStored: true };
}

const factRecord = (entry: Entry) => `{"fact":${entry.detail}}`;

/** @returns what a line says; undefined for no JSON, and for a fact of another version */
function readRecord(record: string): StoredRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(record);
  } catch {
    return undefined;
  }
  const { data } = recordSchema.safeParse(json);
  if (data === undefined || 'sent' in data) return data;
  // Sent as it was published, byte for byte.
  return { entry: entryOf(record.slice('{"fact":'.length, -1), data.fact) };
}

/** @returns the facts without a later note that the bus has them, in order */
function unsent(records: readonly StoredRecord[]): Entry[] {
  const left = new Map<string, Entry>();
  for (const record of records) {
    if ('entry' in record) left.set(record.entry.id, record.entry);
    else for (const id of record.sent) left.delete(id);
  }
  return [...left.values()];
}

/** The facts' file. An error of the file system is logged, never thrown: the edge serves without it. */
export class FactStore {
  readonly #path: string;
  readonly #log: Log;
  readonly #onLeftOver: (left: Entry[]) => void;
  #file: AppendLog | undefined;
  #isDirty = false;
  #isClosed = false;
  #hasFailed = false;

  /** @param onLeftOver gets the unsent facts that the file held when it was opened */
  constructor(path: string, log: Log, onLeftOver: (left: Entry[]) => void) {
    this.#path = path;
    this.#log = log;
    this.#onLeftOver = onLeftOver;
  }

  /** Opens the file if it is not open. A failure is logged once, until it works again. */
  tend(): void {
    if (this.#file !== undefined || this.#isClosed) return;
    try {
      const { log, records, setAside } = AppendLog.open(this.#path, readRecord);
      this.#file = log;
      if (this.#hasFailed) this.#log.info({ event: 'outbox-writable' }, 'the outbox can be written again');
      this.#hasFailed = false;
      if (setAside > 0) {
        const fields = { event: 'outbox-corrupt', lines: setAside, path: `${this.#path}.corrupt` };
        this.#log.error(fields, 'unreadable lines of the outbox were set aside');
      }
      this.#onLeftOver(unsent(records));
    } catch (error) {
      if (!this.#hasFailed)
        this.#log.error({ event: 'outbox-unwritable', error }, 'the outbox cannot be opened');
      this.#hasFailed = true;
    }
  }

  /** Appends a fact; where that fails, says so with its Call-ID and leaves it to memory. */
  add(entry: Entry): void {
    const { callId, traceId, type, id } = entry;
    if (this.#append(factRecord(entry), { callId, traceId, fact: type, id })) entry.isStored = true;
  }

  /** Appends the facts that are in memory only, oldest first, until one fails. */
  addMissing(entries: Iterable<Entry>): void {
    if (this.#file === undefined) return;
    for (const entry of entries) {
      if (entry.isStored) continue;
      this.add(entry);
      if (!entry.isStored) return;
    }
  }

  /**
   * Notes that the bus has these facts, and keeps the file short.
   * @param live what is still to be sent, and its size in bytes
   */
  remove(entries: readonly Entry[], live: Iterable<Entry>, liveBytes: number): void {
    const ids = entries.filter(({ isStored }) => isStored).map(({ id }) => id);
    if (ids.length > 0) this.#append(JSON.stringify({ sent: ids }), { sent: ids.length });
    try {
      this.#compact(live, liveBytes);
    } catch (error) {
      this.#fail(error, {});
    }
  }

  /** Makes the file survive the machine, in the background. */
  sync(): void {
    if (!this.#isDirty || this.#file === undefined) return;
    this.#isDirty = false;
    this.#file.sync((error) => {
      if (error && !this.#isClosed) this.#log.error({ event: 'outbox-unsynced', error }, 'fsync failed');
    });
  }

  close(): void {
    this.#isClosed = true;
    try {
      this.#file?.close();
    } catch (error) {
      this.#log.error({ event: 'outbox-unsynced', error }, 'the outbox could not be closed');
    }
    this.#file = undefined;
  }

  #append(record: string, fields: Record<string, unknown>): boolean {
    if (this.#file === undefined) this.tend();
    try {
      if (this.#file === undefined) throw new Error(`${this.#path} is not open`);
      this.#file.append(record);
      this.#isDirty = true;
      return true;
    } catch (error) {
      this.#fail(error, fields);
      return false;
    }
  }

  #fail(error: unknown, fields: Record<string, unknown>): void {
    const message = 'the outbox cannot be written; kept in memory and tried again';
    this.#log.error({ event: 'outbox-unwritable', ...fields, error }, message);
  }

  #compact(live: Iterable<Entry>, liveBytes: number): void {
    const file = this.#file;
    if (file === undefined) return;
    if (liveBytes === 0 && file.size > clearAboveBytes) file.clear();
    else if (file.size > compactAboveBytes && file.size > 4 * liveBytes) {
      const stored = [...live].filter(({ isStored }) => isStored);
      this.#file = file.replaceWith(stored.map(factRecord));
    }
  }
}
