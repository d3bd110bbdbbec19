import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

/** A message as it stands in the file. */
export interface StoredMessage {
  id: string;
  /** Epoch ms. */
  sentAt: number;
  body: string;
  attributes: Record<string, string>;
}

/** An empty queue's file is cut at this size: what is in it is done with. */
const cutAtBytes = 65_536;

/** Keeps the messages of a queue over a restart: a line for each that came, and one for each that was deleted. */
export class MessageFile {
  readonly #fd: number;
  #bytes = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Written anew at each start, without what is done. */
  static open(path: string): { file: MessageFile; messages: StoredMessage[] } {
    const messages = existsSync(path) ? readOpen(path) : [];
    writeFileSync(`${path}.new`, messages.map(lineOf).join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return { file: new MessageFile(openSync(path, 'a')), messages };
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
    this.#bytes += writeSync(this.#fd, line);
  }
}

const lineOf = ({ id, sentAt, body, attributes }: StoredMessage) =>
  `${JSON.stringify({ id, sentAt, body, attributes })}\n`;

function readOpen(path: string): StoredMessage[] {
  const open = new Map<string, StoredMessage>();
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    if (text === '') continue;
    let line: StoredMessage | { done: string };
    try {
      line = JSON.parse(text);
    } catch {
      // The last line, cut off by a kill: its message was never acknowledged.
      continue;
    }
    if ('done' in line) open.delete(line.done);
    else open.set(line.id, line);
  }
  return [...open.values()];
}
