import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from './errors.ts';
import type { JsonObject, Resource } from './template.ts';

export interface QueuesOptions {
  /** Directory where each queue is a file of one message a line. */
  dir: string;
}

/** SQS, as far as a dead-letter queue needs it: messages go in and stay, in a file that people can read. */
export class Queues {
  readonly #dir: string;
  #files = new Map<string, string>();
  readonly #observers = new Set<(queueName: string, message: JsonObject) => void>();

  constructor({ dir }: QueuesOptions) {
    this.#dir = dir;
  }

  provision(resources: readonly Resource[]): void {
    const files = new Map<string, string>();
    for (const { type, attributes } of resources) {
      if (type !== 'AWS::SQS::Queue') continue;
      files.set(attributes.Arn as string, join(this.#dir, `${attributes.QueueName}.jsonl`));
    }
    for (const [queueArn, file] of this.#files) if (!files.has(queueArn)) rmSync(file, { force: true });
    this.#files = files;
  }

  /** @throws AwsError QueueDoesNotExist */
  send(queueArn: string, message: JsonObject): void {
    const file = this.#files.get(queueArn);
    if (!file) throw new AwsError('AWS.SimpleQueueService.NonExistentQueue', `no queue ${queueArn}`);
    appendFileSync(file, `${JSON.stringify(message)}\n`);
    const name = queueArn.slice(queueArn.lastIndexOf(':') + 1);
    for (const observer of this.#observers) observer(name, message);
  }

  observe(observer: (queueName: string, message: JsonObject) => void): void {
    this.#observers.add(observer);
  }
}
