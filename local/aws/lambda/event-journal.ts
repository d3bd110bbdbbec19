import {
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  type WriteStream,
  writeFileSync,
} from 'node:fs';

export interface JournaledEvent {
  id: string;
  functionName: string;
  payload: string;
}

type Line = JournaledEvent | { done: string };

/**
 * Keeps accepted events over a restart of the local cloud, as Lambda would: one line for each acceptance and each
 * completion. Without a file it keeps nothing.
 */
export class EventJournal {
  readonly #stream: WriteStream | undefined;
  #open: JournaledEvent[] = [];

  constructor(file: string | undefined) {
    if (!file) return;
    this.#open = existsSync(file) ? readOpen(file) : [];
    // Written anew at each start, without what is done.
    writeFileSync(`${file}.new`, this.#open.map((event) => `${JSON.stringify(event)}\n`).join(''));
    renameSync(`${file}.new`, file);
    this.#stream = createWriteStream(file, { flags: 'a' });
  }

  /** @returns the events of former runs that were never done and whose function exists, each once */
  takeOpen(exists: (functionName: string) => boolean): JournaledEvent[] {
    const taken = this.#open.filter(({ functionName }) => exists(functionName));
    this.#open = this.#open.filter(({ functionName }) => !exists(functionName));
    return taken;
  }

  accepted(event: JournaledEvent): void {
    this.#stream?.write(`${JSON.stringify(event)}\n`);
  }

  done(id: string): void {
    this.#stream?.write(`{"done":"${id}"}\n`);
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    if (stream) await new Promise<void>((resolve) => stream.end(resolve));
  }
}

function readOpen(file: string): JournaledEvent[] {
  const open = new Map<string, JournaledEvent>();
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    if (text === '') continue;
    let line: Line;
    try {
      line = JSON.parse(text);
    } catch {
      // The last line, cut off by a kill: its event was never acknowledged.
      continue;
    }
    if ('done' in line) open.delete(line.done);
    else open.set(line.id, line);
  }
  return [...open.values()];
}
