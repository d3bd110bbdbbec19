import { region } from '../identity.ts';
import type { Queue, Received } from '../sqs/queue.ts';
import { md5 } from '../sqs/queues.ts';
import type { InvocationResult } from './environment.ts';

export interface QueueReaderOptions {
  queueArn: string;
  functionName: string;
  /** Most messages of one invocation. */
  batchSize: number;
  /** How long messages gather for one invocation, ms. */
  windowMs: number;
  /** Most invocations at once. */
  maxConcurrency: number;
  /** The answer names the messages that shall come again; else all of them do where the function fails. */
  reportsFailures: boolean;
  /** What failed comes again so soon; after the queue's visibility time-out unless given. */
  againAfterMs?: number;
}

/**
 * Reads one queue for one function ("Using Lambda with Amazon SQS"): what its function has done is deleted, what it failed
 * on shows again after the queue's visibility time-out. Lambda begins with five readers and may invoke a function with
 * each message; here a second invocation begins beside the first only for a full batch, which two cores serve better.
 */
export class QueueReader {
  readonly settings: QueueReaderOptions;
  readonly #queue: Queue;
  readonly #invoke: (payload: string) => Promise<InvocationResult>;
  readonly #running = new Set<Promise<void>>();
  #window: NodeJS.Timeout | undefined;
  /** The messages that wait have gathered for long enough. */
  #isDue = false;
  #isReadDue = false;
  #isHeld = false;

  constructor(
    queue: Queue,
    settings: QueueReaderOptions,
    invoke: (payload: string) => Promise<InvocationResult>,
  ) {
    this.settings = settings;
    this.#queue = queue;
    this.#invoke = invoke;
    queue.onVisible = () => this.read();
  }

  get open(): number {
    return this.#queue.open;
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.read();
  }

  async stop(): Promise<void> {
    this.hold();
    clearTimeout(this.#window);
    await Promise.all(this.#running);
  }

  /** Takes what there is, if it is time: in a moment, since the events of one request come one after the other. */
  read(): void {
    if (this.#isReadDue) return;
    this.#isReadDue = true;
    queueMicrotask(() => {
      this.#isReadDue = false;
      this.#take();
    });
  }

  #take(): void {
    const { batchSize, windowMs, maxConcurrency } = this.settings;
    while (!this.#isHeld && this.#queue.visible > 0 && this.#running.size < maxConcurrency) {
      const isFull = this.#queue.visible >= batchSize;
      if (!isFull && this.#running.size > 0) return;
      if (!isFull && windowMs > 0 && !this.#isDue) {
        this.#window ??= setTimeout(() => {
          this.#window = undefined;
          this.#isDue = true;
          this.read();
        }, windowMs);
        return;
      }
      this.#isDue = false;
      const running = this.#serve(this.#queue.receive(batchSize)).finally(() => {
        this.#running.delete(running);
        this.read();
      });
      this.#running.add(running);
    }
  }

  async #serve(batch: readonly Received[]): Promise<void> {
    if (batch.length === 0) return;
    const Records = batch.map((received) => recordOf(received, this.settings.queueArn));
    const result = await this.#invoke(JSON.stringify({ Records })).catch(() => undefined);
    const failed = result?.kind === 'answer' ? this.#failedOf(result.payload, batch) : undefined;
    for (const { message, receipt } of batch) {
      // It took so long that somebody else has received it since.
      if (!this.#queue.isLast(receipt)) continue;
      if (failed !== undefined && !failed.has(message.id)) this.#queue.delete(receipt);
      else if (this.settings.againAfterMs !== undefined) {
        this.#queue.changeVisibility(receipt, this.settings.againAfterMs);
      }
    }
  }

  /** @returns ids of the messages that come again; undefined where all do ("Implementing partial batch responses") */
  #failedOf(payload: string, batch: readonly Received[]): Set<string> | undefined {
    if (!this.settings.reportsFailures) return new Set();
    const answer = JSON.parse(payload) as { batchItemFailures?: { itemIdentifier?: string }[] | null } | null;
    const ids = (answer?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    const known = new Set(batch.map(({ message }) => message.id));
    return ids.every((id) => id !== undefined && known.has(id)) ? new Set(ids as string[]) : undefined;
  }
}

function recordOf({ message, receipt, count }: Received, queueArn: string) {
  return {
    messageId: message.id,
    receiptHandle: receipt,
    body: message.body,
    attributes: { ApproximateReceiveCount: String(count), SentTimestamp: String(message.sentAt) },
    messageAttributes: {},
    md5OfBody: md5(message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}
