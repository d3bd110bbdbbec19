import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from './http/errors.ts';
import type { JsonObject, Resource } from './template.ts';

export interface QueuesOptions {
  /** Directory where each queue is a file of one message a line. */
  dir: string;
}

/** A message as it stands in the file. */
interface Message {
  id: string;
  /** Epoch ms. */
  sentAt: number;
  body: JsonObject;
  attributes: Record<string, string>;
}

/** And what whoever received it last was given. */
interface Received {
  receipt: string;
  count: number;
  /** Nobody else gets it before, epoch ms. */
  hiddenUntil: number;
}

interface Queue {
  url: string;
  file: string;
  messages: Map<string, Message>;
  received: Map<string, Received>;
}

const defaultVisibilitySec = 30;
/** Most messages of one ReceiveMessage (SQS quotas). */
const maxReceived = 10;

const noQueue = (name: string) =>
  new AwsError('QueueDoesNotExist', `The specified queue does not exist: ${name}`);

/**
 * SQS, as far as a dead-letter queue needs it: messages go in and stay, in a file that people can read, until somebody
 * takes them out. A receive does not wait for messages.
 */
export class Queues {
  readonly #dir: string;
  #queues = new Map<string, Queue>();
  readonly #observers = new Set<(queueName: string, message: JsonObject) => void>();

  constructor({ dir }: QueuesOptions) {
    this.#dir = dir;
  }

  provision(resources: readonly Resource[]): void {
    const queues = new Map<string, Queue>();
    for (const { type, ref, attributes } of resources) {
      if (type !== 'AWS::SQS::Queue') continue;
      const name = attributes.QueueName as string;
      const file = join(this.#dir, `${name}.jsonl`);
      // One that is there already keeps what somebody has received and not yet deleted.
      const queue = this.#queues.get(name);
      queues.set(name, queue ?? { url: ref, file, messages: readMessages(file), received: new Map() });
    }
    for (const [name, { file }] of this.#queues) if (!queues.has(name)) rmSync(file, { force: true });
    this.#queues = queues;
  }

  /**
   * @param attributes the message attributes, all of them text
   * @throws AwsError QueueDoesNotExist
   */
  send(queueArn: string, body: JsonObject, attributes: Record<string, string> = {}): void {
    const name = queueArn.slice(queueArn.lastIndexOf(':') + 1);
    const queue = this.#queues.get(name);
    if (!queue) throw noQueue(queueArn);
    const message = { id: randomUUID(), sentAt: Date.now(), body, attributes };
    queue.messages.set(message.id, message);
    appendFileSync(queue.file, lineOf(message));
    for (const observer of this.#observers) observer(name, body);
  }

  observe(observer: (queueName: string, message: JsonObject) => void): void {
    this.#observers.add(observer);
  }

  /** @throws AwsError QueueDoesNotExist */
  getQueueUrl({ QueueName }: JsonObject): { QueueUrl: string } {
    const queue = this.#queues.get(String(QueueName));
    if (!queue) throw noQueue(String(QueueName));
    return { QueueUrl: queue.url };
  }

  /** @throws AwsError QueueDoesNotExist */
  receiveMessage(request: JsonObject): { Messages?: JsonObject[] } {
    const queue = this.#at(request);
    const now = Date.now();
    const most = Math.min(Number(request.MaxNumberOfMessages ?? 1), maxReceived);
    const hiddenUntil = now + Number(request.VisibilityTimeout ?? defaultVisibilitySec) * 1000;
    const visible = [...queue.messages.values()].filter(
      ({ id }) => (queue.received.get(id)?.hiddenUntil ?? 0) <= now,
    );
    const messages = visible.slice(0, most).map((message) => {
      const count = (queue.received.get(message.id)?.count ?? 0) + 1;
      const receipt = randomUUID();
      queue.received.set(message.id, { receipt, count, hiddenUntil });
      return asReceived(message, receipt, count);
    });
    return messages.length === 0 ? {} : { Messages: messages };
  }

  /** @throws AwsError QueueDoesNotExist, ReceiptHandleIsInvalid */
  deleteMessage(request: JsonObject): object {
    const queue = this.#at(request);
    const id = idOf(queue, request);
    queue.messages.delete(id);
    queue.received.delete(id);
    writeFileSync(`${queue.file}.new`, [...queue.messages.values()].map(lineOf).join(''));
    renameSync(`${queue.file}.new`, queue.file);
    return {};
  }

  /** @throws AwsError QueueDoesNotExist, ReceiptHandleIsInvalid */
  changeMessageVisibility(request: JsonObject): object {
    const queue = this.#at(request);
    const received = queue.received.get(idOf(queue, request)) as Received;
    received.hiddenUntil = Date.now() + Number(request.VisibilityTimeout) * 1000;
    return {};
  }

  #at({ QueueUrl }: JsonObject): Queue {
    const url = String(QueueUrl);
    const queue = this.#queues.get(url.slice(url.lastIndexOf('/') + 1));
    if (!queue) throw noQueue(url);
    return queue;
  }
}

/** Only the last receipt of a message counts. */
function idOf(queue: Queue, { ReceiptHandle }: JsonObject): string {
  for (const [id, { receipt }] of queue.received) if (receipt === ReceiptHandle) return id;
  throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
}

function asReceived({ id, sentAt, body, attributes }: Message, receipt: string, count: number): JsonObject {
  const text = JSON.stringify(body);
  return {
    MessageId: id,
    ReceiptHandle: receipt,
    Body: text,
    MD5OfBody: createHash('md5').update(text).digest('hex'),
    Attributes: { SentTimestamp: String(sentAt), ApproximateReceiveCount: String(count) },
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  };
}

const lineOf = (message: Message) => `${JSON.stringify(message)}\n`;

function readMessages(file: string): Map<string, Message> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const messages = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Message);
  return new Map(messages.map((message) => [message.id, message]));
}
