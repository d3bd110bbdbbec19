import {
  appendFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import * as z from 'zod';
import type { Unwritable } from '../unwritable.ts';

const messageSchema = z.object({
  id: z.string(),
  /** Epoch ms. */
  sentAt: z.number(),
  body: z.string(),
  attributes: z.record(z.string(), z.string()),
});
/** A message as it stands in the file. */
export type StoredMessage = z.infer<typeof messageSchema>;

const lineSchema = z.union([z.object({ done: z.string() }), messageSchema]);

export interface OpenedFile {
  file: MessageFile;
  messages: readonly StoredMessage[];
  /** How many lines could not be read, and were put aside. */
  damaged: number;
}

/** An empty queue's file is cut at this size: what is in it is done with. */
const cutAtBytes = 65_536;

/** Keeps the messages of a queue over a restart: a line for each that came, and one for each that was deleted. */
export class MessageFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #onUnwritable: Unwritable;
  #bytes = 0;

  private constructor(path: string, onUnwritable: Unwritable) {
    this.#path = path;
    this.#fd = openSync(path, 'a');
    this.#onUnwritable = onUnwritable;
  }

  /**
   * Written anew at each start, without what is done. Lines that cannot be read go to `{path}.damaged`.
   * @throws the system's error where the file cannot be written
   */
  static open(path: string, onUnwritable: Unwritable): OpenedFile {
    const { messages, damaged } = existsSync(path) ? readOpen(path) : { messages: [], damaged: [] };
    if (damaged.length > 0) appendFileSync(`${path}.damaged`, `${damaged.join('\n')}\n`, { mode: 0o600 });
    writeFileSync(`${path}.new`, messages.map(lineOf).join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return { file: new MessageFile(path, onUnwritable), messages, damaged: damaged.length };
  }

  sent(message: StoredMessage): void {
    this.#write(lineOf(message));
  }

  /** @param isLast no message is left */
  deleted(id: string, isLast: boolean): void {
    if (isLast && this.#bytes > cutAtBytes) {
      ftruncateSync(this.#fd, 0);
      this.#bytes = 0;
    } else this.#write(`{"done":"${id}"}\n`);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** At once: what was accepted survives the end of this process, however it ends. */
  #write(line: string): void {
    try {
      this.#bytes += writeSync(this.#fd, line);
    } catch (error) {
      // It stays in memory, and is delivered as long as this process lives.
      this.#onUnwritable(this.#path, error as NodeJS.ErrnoException);
    }
  }
}

const lineOf = ({ id, sentAt, body, attributes }: StoredMessage) =>
  `${JSON.stringify({ id, sentAt, body, attributes })}\n`;

function readOpen(path: string): { messages: StoredMessage[]; damaged: string[] } {
  const open = new Map<string, StoredMessage>();
  const damaged: string[] = [];
  // What stands behind the last line end was cut off by a kill: its message was never acknowledged.
  for (const text of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const line = lineOfText(text);
    if (line === undefined) damaged.push(text);
    else if ('done' in line) open.delete(line.done);
    else open.set(line.id, line);
  }
  return { messages: [...open.values()], damaged };
}

function lineOfText(text: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
