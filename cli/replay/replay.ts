import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message as SqsMessage,
} from '@aws-sdk/client-sqs';
import { CommandError } from '../../command-line/command-error.ts';
import { outputOfRun } from '../../command-line/run-file.ts';
import { type Letter, readLetter } from './letter.ts';
import type { ReplayOptions } from './options.ts';

/** What became of one message. */
export interface Handled extends Partial<Letter> {
  messageId: string;
  /** The queue that it came from. */
  queue: string;
  /** Epoch ms. */
  sentAt: number;
  /** `shown`: only looked at; `kept`: it stays in the queue, `because`. */
  fate: 'given-back' | 'shown' | 'kept';
  because?: string;
}

/** Most messages of one receive. */
const batchSize = 10;
/** Time for one batch; what is not done by then shows again by itself. */
const visibilitySec = 60;
/** Asks all of SQS's servers, so that "none" means none. */
const waitSec = 2;

interface Place {
  /** Of the functions' facts; each has another for its dead letters. */
  queueNames: readonly string[];
  config: object;
}

function place(where: ReplayOptions['where']): Place {
  if (where.kind === 'aws') {
    return { queueNames: ['calls', 'fleet'].map((name) => `${where.stack}-${name}`), config: {} };
  }
  const outputs = ['CallsQueue', 'FleetQueue'].map((name) => outputOfRun(where.file, name));
  return { queueNames: outputs.map(({ value }) => value), config: outputs[0]?.config ?? {} };
}

/** What the SDK says, in words that help. */
function explain(error: Error, queueName: string): CommandError {
  switch (error.name) {
    case 'QueueDoesNotExist':
    case 'AWS.SimpleQueueService.NonExistentQueue':
      return new CommandError(
        `there is no queue ${queueName} in this account and region: check --stack, AWS_PROFILE and AWS_REGION`,
      );
    case 'CredentialsProviderError':
      return new CommandError(`no AWS credentials: set AWS_PROFILE, or sign in (${error.message})`);
    default:
      return new CommandError(`${queueName} cannot be emptied: ${error.message || error.name}`);
  }
}

/**
 * Gives dead letters back to the queues they came from, each once: what comes in meanwhile is left there, so that a
 * cause that is not mended yet ends in a report and not in a circle.
 * @throws CommandError in one line, where a queue itself is out of reach
 */
export async function replay({ where, showOnly }: ReplayOptions): Promise<Handled[]> {
  const { queueNames, config } = place(where);
  const sqs = new SQSClient({ maxAttempts: 2, useQueueUrlAsEndpoint: false, ...config });
  const handled: Handled[] = [];
  try {
    for (const queue of queueNames) {
      try {
        const urlOf = async (QueueName: string) =>
          (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? '';
        const urls = { letters: await urlOf(`${queue}-dead-letters`), queue: await urlOf(queue) };
        handled.push(...(await new Replay(sqs, queue, urls, showOnly).run()));
      } catch (error) {
        throw explain(error as Error, queue);
      }
    }
    return handled;
  } finally {
    sqs.destroy();
  }
}

class Replay {
  readonly #sqs: SQSClient;
  readonly #queue: string;
  readonly #urls: { letters: string; queue: string };
  readonly #showOnly: boolean;
  readonly #startedAt = Date.now();
  readonly #handled: Handled[] = [];
  /** What stays, by message id: its receipt, to show it again at the end. */
  readonly #kept = new Map<string, string>();

  constructor(sqs: SQSClient, queue: string, urls: { letters: string; queue: string }, showOnly: boolean) {
    this.#sqs = sqs;
    this.#queue = queue;
    this.#urls = urls;
    this.#showOnly = showOnly;
  }

  async run(): Promise<Handled[]> {
    try {
      for (;;) {
        const batch = await this.#receive();
        // Only such as were met already: they show again after a while.
        if (batch.every(({ MessageId }) => this.#kept.has(MessageId ?? ''))) return this.#handled;
        for (const message of batch) await this.#take(message);
      }
    } finally {
      await this.#release();
    }
  }

  async #receive(): Promise<SqsMessage[]> {
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#urls.letters,
        MaxNumberOfMessages: batchSize,
        VisibilityTimeout: visibilitySec,
        WaitTimeSeconds: waitSec,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['SentTimestamp'],
      }),
    );
    return Messages;
  }

  async #take(message: SqsMessage): Promise<void> {
    const { MessageId = '', ReceiptHandle = '', Body = '', MessageAttributes = {}, Attributes } = message;
    const isMet = this.#kept.has(MessageId);
    const sentAt = Number(Attributes?.SentTimestamp);
    const attributes = Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]),
    );
    const letter = readLetter({ body: Body, attributes });
    const note = (fate: Handled['fate'], because?: string) => {
      if (fate !== 'given-back') this.#kept.set(MessageId, ReceiptHandle);
      if (isMet) return;
      this.#handled.push({
        messageId: MessageId,
        queue: this.#queue,
        sentAt,
        ...letter,
        fate,
        ...(because && { because }),
      });
    };
    if (sentAt > this.#startedAt) note('kept', 'it came in meanwhile, or the clock here is behind');
    else if (letter === undefined) note('kept', 'it is no event');
    else if (this.#showOnly) note('shown');
    else {
      const failure = await this.#giveBack(Body);
      if (failure !== undefined) return note('kept', failure);
      await this.#sqs.send(new DeleteMessageCommand({ QueueUrl: this.#urls.letters, ReceiptHandle }));
      note('given-back');
    }
  }

  /** @returns why the queue did not take it */
  async #giveBack(MessageBody: string): Promise<string | undefined> {
    try {
      await this.#sqs.send(new SendMessageCommand({ QueueUrl: this.#urls.queue, MessageBody }));
      return undefined;
    } catch (error) {
      return (error as Error).message || (error as Error).name;
    }
  }

  /** What stays is there for the next who looks, now and not in a minute. */
  async #release(): Promise<void> {
    for (const ReceiptHandle of this.#kept.values()) {
      await this.#sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: this.#urls.letters,
          ReceiptHandle,
          VisibilityTimeout: 0,
        }),
      );
    }
  }
}
