import { createHash, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from '../http/errors.ts';
import type { JsonObject, Resource } from '../template.ts';
import type { Unwritable } from '../unwritable.ts';
import { MessageFile, type OpenedFile, type StoredMessage } from './message-file.ts';
import { Queue, type QueueSettings, type Received } from './queue.ts';

export interface QueuesOptions {
  /** Directory where a queue is a file of one message a line. */
  dir: string;
  /** Whether all queues have one; else those of dead letters alone, for people to read. */
  keep: boolean;
  /** Receives after which a message is put aside, in the place of what the template says. */
  maxReceiveCount?: number | undefined;
  onUnwritable: Unwritable;
  onDamage: (what: string) => void;
}

type LetterObserver = (queueName: string, body: string) => void;

const defaultVisibilitySec = 30;
/** Most messages of one ReceiveMessage (SQS quotas). */
const maxReceived = 10;
const maxMessageBytes = 1_048_576;

const noQueue = (name: string) =>
  new AwsError('QueueDoesNotExist', `The specified queue does not exist: ${name}`);

const queueNameOf = (arn: string) => arn.slice(arn.lastIndexOf(':') + 1);

/** SQS: standard queues with visibility time-outs and redrive. A receive does not wait for messages. */
export class Queues {
  readonly #options: QueuesOptions;
  #queues = new Map<string, Queue>();
  #letterQueues = new Set<string>();
  readonly #observers = new Set<LetterObserver>();

  constructor(options: QueuesOptions) {
    this.#options = options;
  }

  /** Makes the queues of the stacks. One that is there keeps its messages, and what somebody is at. */
  provision(resources: readonly Resource[]): void {
    const queues = new Map<string, Queue>();
    this.#letterQueues = new Set(resources.flatMap(letterQueuesOf).map(queueNameOf));
    for (const resource of resources) {
      if (resource.type !== 'AWS::SQS::Queue') continue;
      const { ref, attributes } = resource;
      const name = attributes.QueueName as string;
      const settings = this.#settingsOf(resource);
      const kept = this.#options.keep || this.#letterQueues.has(name);
      const queue =
        this.#queues.get(name) ??
        new Queue(ref, attributes.Arn as string, settings, kept ? this.#fileOf(name) : undefined);
      queue.settings = settings;
      queues.set(name, queue);
    }
    for (const [name, queue] of this.#queues) {
      if (queues.has(name)) continue;
      queue.close();
      rmSync(this.#pathOf(name), { force: true });
    }
    this.#queues = queues;
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  /** Tells of each message that comes into a queue of dead letters. */
  observeLetters(observer: LetterObserver): void {
    this.#observers.add(observer);
  }

  /** @throws AwsError QueueDoesNotExist */
  find(queueArn: string): Queue {
    const queue = this.#queues.get(queueNameOf(queueArn));
    if (!queue) throw noQueue(queueArn);
    return queue;
  }

  /**
   * @param attributes the message attributes, all of them text
   * @throws AwsError QueueDoesNotExist, InvalidParameterValue
   */
  send(queueArn: string, body: string, attributes: Record<string, string> = {}): StoredMessage {
    const queue = this.find(queueArn);
    if (body.length > maxMessageBytes) {
      throw new AwsError('InvalidParameterValue', `Message must be shorter than ${maxMessageBytes} bytes.`);
    }
    const message = { id: randomUUID(), sentAt: Date.now(), body, attributes };
    this.#put(queue, message);
    return message;
  }

  /** @throws AwsError QueueDoesNotExist */
  getQueueUrl({ QueueName }: JsonObject): { QueueUrl: string } {
    return { QueueUrl: this.find(String(QueueName)).url };
  }

  /** @throws AwsError QueueDoesNotExist, InvalidParameterValue */
  sendMessage({ QueueUrl, MessageBody }: JsonObject): JsonObject {
    const { id, body } = this.send(nameIn(QueueUrl), String(MessageBody ?? ''));
    return { MessageId: id, MD5OfMessageBody: md5(body) };
  }

  /** @throws AwsError QueueDoesNotExist */
  receiveMessage(request: JsonObject): { Messages?: JsonObject[] } {
    const most = Math.min(Number(request.MaxNumberOfMessages ?? 1), maxReceived);
    const { VisibilityTimeout: hiddenSec } = request;
    const received = this.#at(request).receive(
      most,
      hiddenSec === undefined ? undefined : Number(hiddenSec) * 1000,
    );
    return received.length === 0 ? {} : { Messages: received.map(asReceived) };
  }

  /** @throws AwsError QueueDoesNotExist, ReceiptHandleIsInvalid */
  deleteMessage(request: JsonObject): object {
    this.#at(request).delete(String(request.ReceiptHandle));
    return {};
  }

  /** @throws AwsError QueueDoesNotExist, ReceiptHandleIsInvalid */
  changeMessageVisibility(request: JsonObject): object {
    this.#at(request).changeVisibility(
      String(request.ReceiptHandle),
      Number(request.VisibilityTimeout) * 1000,
    );
    return {};
  }

  #put(queue: Queue, message: StoredMessage): void {
    queue.send(message);
    const name = queueNameOf(queue.arn);
    if (!this.#letterQueues.has(name)) return;
    for (const observer of this.#observers) observer(name, message.body);
  }

  #settingsOf({ properties }: Resource): QueueSettings {
    const { deadLetterTargetArn, maxReceiveCount: ofTemplate } = redriveOf(properties);
    const maxReceiveCount = Number(this.#options.maxReceiveCount ?? ofTemplate);
    return {
      visibilityMs: Number(properties.VisibilityTimeout ?? defaultVisibilitySec) * 1000,
      maxReceiveCount: deadLetterTargetArn === undefined ? Number.POSITIVE_INFINITY : maxReceiveCount,
      // It keeps the time it was first sent at ("Using dead-letter queues").
      putAside: (message) => this.#put(this.find(String(deadLetterTargetArn)), message),
    };
  }

  #fileOf(name: string): OpenedFile {
    const path = this.#pathOf(name);
    const opened = MessageFile.open(path, this.#options.onUnwritable);
    if (opened.damaged > 0) {
      this.#options.onDamage(
        `${opened.damaged} lines of ${path} cannot be read: they stand in ${path}.damaged now, and the queue has all others`,
      );
    }
    return opened;
  }

  #pathOf(name: string): string {
    return join(this.#options.dir, `${name}.jsonl`);
  }

  #at({ QueueUrl }: JsonObject): Queue {
    return this.find(nameIn(QueueUrl));
  }
}

const redriveOf = (properties: JsonObject) => (properties.RedrivePolicy ?? {}) as JsonObject;

/** ARNs of the queues that take what others could not handle. */
function letterQueuesOf({ type, properties }: Resource): string[] {
  if (type === 'AWS::SQS::Queue') {
    const { deadLetterTargetArn } = redriveOf(properties);
    return deadLetterTargetArn === undefined ? [] : [String(deadLetterTargetArn)];
  }
  if (type !== 'AWS::Events::Rule') return [];
  return ((properties.Targets ?? []) as JsonObject[]).flatMap(({ DeadLetterConfig }) => {
    const { Arn } = (DeadLetterConfig ?? {}) as JsonObject;
    return Arn === undefined ? [] : [String(Arn)];
  });
}

const nameIn = (queueUrl: unknown) => String(queueUrl).slice(String(queueUrl).lastIndexOf('/') + 1);

export const md5 = (text: string) => createHash('md5').update(text).digest('hex');

function asReceived({ message, receipt, count }: Received): JsonObject {
  const { id, sentAt, body, attributes } = message;
  return {
    MessageId: id,
    ReceiptHandle: receipt,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: { SentTimestamp: String(sentAt), ApproximateReceiveCount: String(count) },
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  };
}
