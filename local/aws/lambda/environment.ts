import { Worker } from 'node:worker_threads';
import type { EnvironmentData, FromEnvironment, FunctionFailure, Invocation } from './runtime.ts';

export type InvocationResult =
  | { kind: 'answer'; payload: string }
  /** The function threw, timed out or exited: `X-Amz-Function-Error: Unhandled`. */
  | { kind: 'failed'; failure: FunctionFailure }
  | { kind: 'not-json'; message: string };

export interface EnvironmentOptions {
  data: EnvironmentData;
  variables: Record<string, string>;
  timeoutMs: number;
}

type State = 'starting' | 'idle' | 'serving' | 'dead';

/**
 * One execution environment: a worker thread that has loaded the bundle and serves one invocation at a time. After a
 * timeout, an exit or an uncaught error it is dead and the next invocation gets a new one, as in Lambda.
 */
export class ExecutionEnvironment {
  readonly #worker: Worker;
  readonly #timeoutMs: number;
  readonly #onDeath: () => void;
  #state: State = 'starting';
  #settleStart: ((failure: FunctionFailure | undefined) => void) | undefined;
  #settleInvocation: ((result: InvocationResult) => void) | undefined;
  /** Undefined once the bundle is loaded; else why it could not be. */
  readonly started: Promise<FunctionFailure | undefined>;

  constructor({ data, variables, timeoutMs }: EnvironmentOptions, onDeath: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onDeath = onDeath;
    this.started = new Promise((resolve) => {
      this.#settleStart = resolve;
    });
    this.#worker = new Worker(new URL('./runtime.ts', import.meta.url), {
      workerData: data,
      env: variables,
      resourceLimits: { maxOldGenerationSizeMb: data.memoryMb },
      execArgv: [],
    });
    this.#worker.on('message', (message: FromEnvironment) => this.#receive(message));
    this.#worker.on('error', (error: Error & { code?: string }) => {
      this.#die({ errorType: error.code ?? error.name, errorMessage: error.message });
    });
    this.#worker.on('exit', (status) => {
      this.#die({ errorType: 'Runtime.ExitError', errorMessage: `Runtime exited with status ${status}` });
    });
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  get dead(): boolean {
    return this.#state === 'dead';
  }

  /** Serves one invocation. Only of an idle environment. Never rejects. */
  serve(requestId: string, payload: string): Promise<InvocationResult> {
    this.#state = 'serving';
    const { promise, resolve } = Promise.withResolvers<InvocationResult>();
    const timer = setTimeout(() => {
      this.#die({
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${requestId} Error: Task timed out after ${(this.#timeoutMs / 1000).toFixed(2)} seconds`,
      });
    }, this.#timeoutMs);
    this.#settleInvocation = (result) => {
      clearTimeout(timer);
      this.#settleInvocation = undefined;
      resolve(result);
    };
    const invocation: Invocation = { requestId, payload, deadlineAt: Date.now() + this.#timeoutMs };
    this.#worker.postMessage(invocation);
    return promise;
  }

  async stop(): Promise<void> {
    this.#die({ errorType: 'Sandbox.Shutdown', errorMessage: 'the local cloud is stopping' });
    await this.#worker.terminate();
  }

  #receive(message: FromEnvironment): void {
    if (this.#state === 'dead') return;
    if (message.kind === 'ready') {
      this.#state = 'idle';
      this.#settleStart?.(undefined);
    } else if (message.kind === 'init-failed') {
      this.#die(message.failure);
    } else {
      this.#state = 'idle';
      this.#settleInvocation?.(message);
    }
  }

  #die(failure: FunctionFailure): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.#settleStart?.(failure);
    this.#settleInvocation?.({ kind: 'failed', failure });
    void this.#worker.terminate();
    this.#onDeath();
  }
}
