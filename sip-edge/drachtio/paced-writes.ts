import type { Socket } from 'node:net';

/*
 * drachtio 0.9.10 keeps what it has read of an application, and not understood yet, in a ring of 12,228 bytes, and reads
 * up to 8192 at once (client.cpp). What does not fit there overwrites the beginning of what is: it waits for ever for the
 * rest of a message, or takes the middle of one for a length, and hears the application no more.
 */
const ringBytes = 12_228;
const readBytes = 8192;

/** More than any message of drachtio takes; it answers each, and has read what it was sent a second ago in any case. */
const patienceMs = 1000;

interface Message {
  readonly id: string;
  readonly frame: Buffer;
}

/** The way to one drachtio. Of a message that one reading may not complete, nothing follows before it is answered. */
export class PacedWrites {
  readonly #socket: Socket;
  readonly #waiting: Message[] = [];
  #unread: string | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * @param id by which drachtio will answer
   * @param frame with its length in front
   * @returns false where it is longer than drachtio can take: it is not sent
   */
  write(id: string, frame: Buffer): boolean {
    if (frame.length > ringBytes) return false;
    if (this.#unread === undefined) this.#send({ id, frame });
    else this.#waiting.push({ id, frame });
    return true;
  }

  /** drachtio has answered a message. */
  answered(id: string | undefined): void {
    if (id !== undefined && id === this.#unread) this.#goOn();
  }

  #send({ id, frame }: Message): void {
    this.#socket.write(frame);
    if (frame.length <= ringBytes - readBytes) return;
    this.#unread = id;
    this.#patience = setTimeout(() => this.#goOn(), patienceMs).unref();
  }

  #goOn(): void {
    clearTimeout(this.#patience);
    this.#unread = undefined;
    if (this.#socket.destroyed) this.#waiting.length = 0;
    while (this.#unread === undefined && this.#waiting.length > 0)
      this.#send(this.#waiting.shift() as Message);
  }
}
