import { randomUUID } from 'node:crypto';
import { AwsError } from '../http/errors.ts';
import type { JsonObject } from '../template.ts';
import type { InvocationResult } from './environment.ts';
import { EventJournal } from './event-journal.ts';

export interface AsyncPolicy {
  functionArn: string;
  /** Tries after the first. */
  retries: number;
  /** ARN of the queue that takes the record of an event that failed for good. */
  onFailureArn: string | undefined;
}

export interface AsyncInvocationsOptions {
  invoke: (functionName: string, payload: string) => Promise<InvocationResult>;
  policyOf: (functionName: string) => AsyncPolicy;
  deadLetter: (queueArn: string, record: JsonObject) => void;
  /** The last one holds for further retries. */
  retryDelaysMs: readonly number[];
  journalFile: string | undefined;
}

/** Events accepted and not yet done. Above it the caller is throttled and asks again: nothing is dropped unsaid. */
const maxOpenEvents = 100_000;

/** What is under way when all of it ends is given so long to end by itself. */
const stopLimitMs = 3000;

/** Asynchronous invocations: accepted at once, tried again on failure, at last handed to the failure destination. */
export class AsyncInvocations {
  readonly #options: AsyncInvocationsOptions;
  readonly #journal: EventJournal;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Attempts under way. */
  readonly #running = new Set<Promise<void>>();
  #open = 0;
  #stopped = false;
  /** What has been accepted while events are held. None: they are not. */
  #held: (() => void)[] | undefined;

  constructor(options: AsyncInvocationsOptions) {
    this.#options = options;
    this.#journal = new EventJournal(options.journalFile);
  }

  /** Events accepted and not yet done. */
  get open(): number {
    return this.#open;
  }

  /** Takes up the events that a former run accepted and did not finish, each once. */
  replay(exists: (functionName: string) => boolean): void {
    for (const { id, functionName, payload } of this.#journal.takeOpen(exists)) {
      this.#open++;
      this.#run(id, functionName, payload, 1);
    }
  }

  /** @throws AwsError TooManyRequestsException */
  accept(functionName: string, payload: string): void {
    if (this.#open >= maxOpenEvents) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    const id = randomUUID();
    this.#journal.accepted({ id, functionName, payload });
    this.#open++;
    this.#run(id, functionName, payload, 1);
  }

  /** Accepts events from now on without acting on them: who ends, or is not ready yet, must not be told of anything. */
  hold(): void {
    this.#held ??= [];
  }

  /** Acts on the events that were held, and on those to come. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const run of held) run();
  }

  /** Lets what is under way end, and waits for no retry: those are in the journal, where there is one. */
  async stop(): Promise<void> {
    let limit: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, stopLimitMs);
    });
    await Promise.race([over, Promise.allSettled(this.#running)]);
    clearTimeout(limit);
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#journal.close();
  }

  #run(id: string, functionName: string, payload: string, attempt: number): void {
    if (this.#held) {
      this.#held.push(() => this.#run(id, functionName, payload, attempt));
      return;
    }
    const running = this.#attempt(id, functionName, payload, attempt);
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async #attempt(id: string, functionName: string, payload: string, attempt: number): Promise<void> {
    const { retries } = this.#options.policyOf(functionName);
    let result: InvocationResult;
    try {
      result = await this.#options.invoke(functionName, payload);
    } catch (error) {
      // Throttled: Lambda keeps such an event and tries again without counting it (up to its greatest age).
      if (!this.#stopped && error instanceof AwsError && error.code === 'TooManyRequestsException') {
        this.#again(attempt, () => this.#run(id, functionName, payload, attempt));
        return;
      }
      result = { kind: 'failed', failure: { errorType: 'ServiceException', errorMessage: String(error) } };
    }
    // What the stop itself broke off stays in the journal.
    if (this.#stopped) return;
    if (result.kind !== 'answer' && attempt <= retries) {
      this.#again(attempt, () => this.#run(id, functionName, payload, attempt + 1));
      return;
    }
    if (result.kind !== 'answer') this.#bury(id, functionName, payload, attempt, result);
    this.#open--;
    this.#journal.done(id);
  }

  #again(attempt: number, next: () => void): void {
    const delays = this.#options.retryDelaysMs;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        next();
      },
      delays[Math.min(attempt, delays.length) - 1] ?? 0,
    );
    this.#timers.add(timer);
  }

  /** The record of a failure destination (Lambda developer guide, "Retaining records of asynchronous invocations"). */
  #bury(
    requestId: string,
    functionName: string,
    payload: string,
    attempts: number,
    result: Exclude<InvocationResult, { kind: 'answer' }>,
  ): void {
    const { functionArn, onFailureArn } = this.#options.policyOf(functionName);
    if (!onFailureArn) return;
    this.#options.deadLetter(onFailureArn, {
      version: '1.0',
      timestamp: new Date().toISOString(),
      requestContext: {
        requestId,
        functionArn: `${functionArn}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: attempts,
      },
      requestPayload: result.kind === 'not-json' ? payload : JSON.parse(payload || '{}'),
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload:
        result.kind === 'not-json' ? { errorMessage: result.message } : ({ ...result.failure } as JsonObject),
    });
  }
}
