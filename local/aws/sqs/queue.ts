import { randomUUID } from 'node:crypto';
import { AwsError } from '../http/errors.ts';
import type { MessageFile, OpenedFile, StoredMessage } from './message-file.ts';

/** What was received, and by what receipt it is deleted. */
export interface Received {
  message: StoredMessage;
  receipt: string;
  /** How often it has been received by now. */
  count: number;
}

interface Held {
  message: StoredMessage;
  count: number;
  /** The last one, by which alone it is deleted. */
  receipt?: string;
  /** While nobody else gets it. */
  hidden?: NodeJS.Timeout;
}

/** What a template may change of a queue that is there. */
export interface QueueSettings {
  /** How long nobody else gets what somebody has received, ms. */
  visibilityMs: number;
  /** Received more often than this, a message is put aside. */
  maxReceiveCount: number;
  putAside: (message: StoredMessage) => void;
}

/** One queue: what is received is hidden for a while, and comes again unless it is deleted meanwhile. */
export class Queue {
  readonly url: string;
  readonly arn: string;
  settings: QueueSettings;
  /** Told when there is something to receive. */
  onVisible: () => void = () => {};
  readonly #file: MessageFile | undefined;
  readonly #held = new Map<string, Held>();
  /** Ids of what can be received, in the order it came. */
  readonly #visible = new Set<string>();
  readonly #byReceipt = new Map<string, string>();

  /** @param kept the file that keeps the messages, and what it had; none keeps them in memory alone */
  constructor(url: string, arn: string, settings: QueueSettings, kept: OpenedFile | undefined) {
    this.url = url;
    this.arn = arn;
    this.settings = settings;
    this.#file = kept?.file;
    for (const message of kept?.messages ?? []) this.#add(message);
  }

  /** Messages that are not deleted yet. */
  get open(): number {
    return this.#held.size;
  }

  /** Messages that a receive would find now. */
  get visible(): number {
    return this.#visible.size;
  }

  send(message: StoredMessage): void {
    this.#file?.sent(message);
    this.#add(message);
    this.onVisible();
  }

  /** @param most no more than these */
  receive(most: number, hiddenMs = this.settings.visibilityMs): Received[] {
    const received: Received[] = [];
    for (const id of this.#visible) {
      if (received.length === most) break;
      const held = this.#held.get(id) as Held;
      if (held.count >= this.settings.maxReceiveCount) {
        this.#remove(held);
        this.settings.putAside(held.message);
        continue;
      }
      held.count += 1;
      if (held.receipt !== undefined) this.#byReceipt.delete(held.receipt);
      const receipt = randomUUID();
      held.receipt = receipt;
      this.#byReceipt.set(receipt, id);
      this.#hide(held, hiddenMs);
      received.push({ message: held.message, receipt, count: held.count });
    }
    return received;
  }

  /** Whether the message is still there, and nobody received it since. */
  isLast(receipt: string): boolean {
    return this.#byReceipt.has(receipt);
  }

  /** @throws AwsError ReceiptHandleIsInvalid */
  delete(receipt: string): void {
    this.#remove(this.#find(receipt));
  }

  /** @throws AwsError ReceiptHandleIsInvalid */
  changeVisibility(receipt: string, hiddenMs: number): void {
    this.#hide(this.#find(receipt), hiddenMs);
  }

  close(): void {
    for (const { hidden } of this.#held.values()) clearTimeout(hidden);
    this.#file?.close();
  }

  #add(message: StoredMessage): void {
    this.#held.set(message.id, { message, count: 0 });
    this.#visible.add(message.id);
  }

  #hide(held: Held, hiddenMs: number): void {
    const { id } = held.message;
    clearTimeout(held.hidden);
    this.#visible.delete(id);
    const show = () => {
      this.#visible.add(id);
      this.onVisible();
    };
    if (hiddenMs > 0) held.hidden = setTimeout(show, hiddenMs);
    else show();
  }

  #remove(held: Held): void {
    const { id } = held.message;
    clearTimeout(held.hidden);
    if (held.receipt !== undefined) this.#byReceipt.delete(held.receipt);
    this.#visible.delete(id);
    this.#held.delete(id);
    this.#file?.deleted(id, this.#held.size === 0);
  }

  #find(receipt: string): Held {
    const held = this.#held.get(this.#byReceipt.get(receipt) ?? '');
    if (held === undefined) {
      throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
    }
    return held;
  }
}
