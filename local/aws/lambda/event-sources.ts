import { isDeepStrictEqual } from 'node:util';
import { blaming, UnsupportedError } from '../http/errors.ts';
import { accessKeyOf } from '../iam/permissions.ts';
import type { Needed } from '../iam/policy.ts';
import type { Queues } from '../sqs/queues.ts';
import type { JsonObject, Resource } from '../template.ts';
import type { InvocationResult } from './environment.ts';
import { forAMoment } from './for-a-moment.ts';
import { functionNameOf } from './function-name.ts';
import { QueueReader, type QueueReaderOptions } from './queue-reader.ts';

/** When and how often what failed comes again, in the place of what the template says: for whoever cannot wait. */
export interface Redelivery {
  afterMs: number;
  times: number;
}

export interface EventSourcesOptions {
  queues: Queues;
  redelivery: Redelivery | undefined;
  /** @throws AwsError where there is no such function */
  invoke: (functionName: string, payload: string) => Promise<InvocationResult>;
  /** @throws AwsError where the role with this access key may not do it */
  authorize: (accessKeyId: string, needed: Needed) => void;
}

/** Event source mappings of Lambda: functions that are invoked with what comes into a queue. */
export class EventSources {
  readonly #options: EventSourcesOptions;
  #readers = new Map<string, QueueReader>();
  #isHeld = false;

  constructor(options: EventSourcesOptions) {
    this.#options = options;
  }

  /**
   * Makes the mappings of the stacks.
   * @throws UnsupportedError for what AWS refuses, or what is not played here
   */
  async provision(resources: readonly Resource[]): Promise<void> {
    const mappings = resources
      .filter(({ type }) => type === 'AWS::Lambda::EventSourceMapping')
      .map((mapping) => ({
        id: mapping.logicalId,
        settings: blaming(mapping.logicalId, () => this.#read(mapping, resources)),
      }));
    const readers = new Map<string, QueueReader>();
    for (const { id, settings } of mappings) {
      const before = this.#readers.get(id);
      if (before && isDeepStrictEqual(before.settings, settings)) readers.set(id, before);
      else {
        await before?.stop();
        readers.set(id, this.#newReader(settings));
      }
    }
    for (const [id, reader] of this.#readers) if (!readers.has(id)) await reader.stop();
    this.#readers = readers;
    for (const reader of readers.values()) reader.read();
  }

  /** Messages that are on their way to a function or with it. */
  get open(): number {
    return [...this.#readers.values()].reduce((sum, { open }) => sum + open, 0);
  }

  /** Leaves what comes in the queues. */
  hold(): void {
    this.#isHeld = true;
    for (const reader of this.#readers.values()) reader.hold();
  }

  release(): void {
    this.#isHeld = false;
    for (const reader of this.#readers.values()) reader.release();
  }

  /** Lets what is under way end, for a moment; the rest stays in the queues. */
  async stop(): Promise<void> {
    await forAMoment([...this.#readers.values()].map((reader) => reader.stop()));
  }

  #newReader(settings: QueueReaderOptions): QueueReader {
    const { queues, invoke } = this.#options;
    const queue = queues.find(settings.queueArn);
    const reader = new QueueReader(queue, settings, (payload) => invoke(settings.functionName, payload));
    if (this.#isHeld) reader.hold();
    return reader;
  }

  #read({ properties }: Resource, resources: readonly Resource[]): QueueReaderOptions {
    const queueArn = String(properties.EventSourceArn);
    const functionName = functionNameOf(String(properties.FunctionName));
    const windowMs = Number(properties.MaximumBatchingWindowInSeconds ?? 0) * 1000;
    const batchSize = Number(properties.BatchSize ?? 10);
    const scaling = (properties.ScalingConfig ?? {}) as JsonObject;
    const maxConcurrency = Number(scaling.MaximumConcurrency ?? Number.POSITIVE_INFINITY);
    for (const unknown of ['FilterCriteria', 'StartingPosition', 'DestinationConfig']) {
      if (properties[unknown]) throw new UnsupportedError(`the local cloud knows no ${unknown}`);
    }
    const target = resources.find(
      ({ type, ref }) => type === 'AWS::Lambda::Function' && ref === functionName,
    );
    const role = target?.properties.Role;
    // AWS asks for these when it makes the mapping, and without them it would read nothing.
    for (const action of role === undefined
      ? []
      : ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
      const needed = { action: `sqs:${action}`, resource: queueArn };
      this.#options.authorize(accessKeyOf(String(role)), needed);
    }
    const types = (properties.FunctionResponseTypes ?? []) as string[];
    const reportsFailures = types.includes('ReportBatchItemFailures');
    const againAfterMs = this.#options.redelivery?.afterMs;
    return {
      ...{ queueArn, functionName, batchSize, windowMs, maxConcurrency, reportsFailures },
      ...(againAfterMs !== undefined && { againAfterMs }),
    };
  }
}
