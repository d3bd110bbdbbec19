import { AwsError } from '../http/errors.ts';
import type { InvocationResult } from './environment.ts';
import { forAMoment } from './for-a-moment.ts';

export interface AsyncInvocationsOptions {
  invoke: (functionName: string, payload: string) => Promise<InvocationResult>;
  /** Tries after the first. */
  retriesOf: (functionName: string) => number;
  /** The last one holds for further retries. */
  retryDelaysMs: readonly number[];
}

/** Events accepted and not yet done. Above it the caller is throttled and asks again: nothing is dropped unsaid. */
const maxOpenEvents = 100_000;

/** Asynchronous invocations: accepted at once, and tried again on failure. They end with this process. */
export class AsyncInvocations {
  readonly #options: AsyncInvocationsOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Attempts under way. */
  readonly #running = new Set<Promise<void>>();
  #open = 0;
  #stopped = false;
  /** What has been accepted while events are held. None: they are not. */
  #held: (() => void)[] | undefined;

  constructor(options: AsyncInvocationsOptions) {
    this.#options = options;
  }

  /** Events accepted and not yet done. */
  get open(): number {
    return this.#open;
  }

  /** @throws AwsError TooManyRequestsException */
  accept(functionName: string, payload: string): void {
    if (this.#open >= maxOpenEvents) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    this.#open++;
    this.#run(functionName, payload, 1);
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

  /** Lets what is under way end, and waits for no retry. */
  async stop(): Promise<void> {
    await forAMoment(this.#running);
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #run(functionName: string, payload: string, attempt: number): void {
    if (this.#held) {
      this.#held.push(() => this.#run(functionName, payload, attempt));
      return;
    }
    const running = this.#attempt(functionName, payload, attempt);
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async #attempt(functionName: string, payload: string, attempt: number): Promise<void> {
    const retries = this.#options.retriesOf(functionName);
    let result: InvocationResult;
    try {
      result = await this.#options.invoke(functionName, payload);
    } catch (error) {
      // Throttled: Lambda keeps such an event and tries again without counting it (up to its greatest age).
      if (!this.#stopped && error instanceof AwsError && error.code === 'TooManyRequestsException') {
        this.#again(attempt, () => this.#run(functionName, payload, attempt));
        return;
      }
      result = { kind: 'failed', failure: { errorType: 'ServiceException', errorMessage: String(error) } };
    }
    if (this.#stopped) return;
    if (result.kind !== 'answer' && attempt <= retries) {
      this.#again(attempt, () => this.#run(functionName, payload, attempt + 1));
      return;
    }
    this.#open--;
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
}
