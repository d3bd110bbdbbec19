import { randomUUID } from 'node:crypto';
import { AwsError } from '../http/errors.ts';
import { type EnvironmentOptions, ExecutionEnvironment, type InvocationResult } from './environment.ts';

export interface PoolLimits {
  /** Environments of one function at the same time. */
  environments: number;
  /** Invocations that may wait for one; above it they are throttled. */
  waiting: number;
  /** How long an invocation waits before another environment is started for it, ms. */
  growAfterMs: number;
}

/** Lambda would start an environment for each simultaneous invocation; two cores are served worse by that than by a short wait. */
export const defaultPoolLimits: PoolLimits = { environments: 2, waiting: 2000, growAfterMs: 100 };

interface Waiting {
  payload: string;
  requestId: string;
  resolve: (result: InvocationResult) => void;
}

/** The environments of one function. */
export class FunctionPool {
  readonly #options: EnvironmentOptions;
  readonly #limits: PoolLimits;
  readonly #environments = new Set<ExecutionEnvironment>();
  readonly #idle: ExecutionEnvironment[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #open = new Set<Promise<InvocationResult>>();
  #starting = 0;
  #growTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: EnvironmentOptions, limits: PoolLimits = defaultPoolLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  /** Starts one environment ahead of the first invocation, and waits for it. Its failure shows at that invocation. */
  async warm(): Promise<void> {
    if (this.#environments.size === 0) this.#start();
    await Promise.race([...this.#environments].map(({ started }) => started));
  }

  /**
   * @param payload JSON text
   * @throws AwsError TooManyRequestsException where too many wait already
   */
  invoke(payload: string): Promise<InvocationResult> {
    const result = this.#take(payload);
    this.#open.add(result);
    void result.then(() => this.#open.delete(result));
    return result;
  }

  /** Stops once all that was taken is answered. */
  async retire(): Promise<void> {
    await Promise.all(this.#open);
    await this.stop();
  }

  #take(payload: string): Promise<InvocationResult> {
    if (this.#stopped) throw new AwsError('ServiceException', 'the local cloud is stopping', 500);
    const requestId = randomUUID();
    const environment = this.#takeIdle();
    if (environment) return this.#serve(environment, requestId, payload);
    if (this.#waiting.length >= this.#limits.waiting) {
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    }
    const { promise, resolve } = Promise.withResolvers<InvocationResult>();
    this.#waiting.push({ requestId, payload, resolve });
    this.#growSoon();
    return promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#growTimer);
    const environments = [...this.#environments];
    await Promise.all(environments.map((environment) => environment.stop()));
  }

  #takeIdle(): ExecutionEnvironment | undefined {
    // The last used first: it is warm in the caches too.
    for (;;) {
      const environment = this.#idle.pop();
      if (!environment || environment.idle) return environment;
    }
  }

  async #serve(
    environment: ExecutionEnvironment,
    requestId: string,
    payload: string,
  ): Promise<InvocationResult> {
    const result = await environment.serve(requestId, payload);
    if (environment.idle) this.#release(environment);
    return result;
  }

  #release(environment: ExecutionEnvironment): void {
    const next = this.#waiting.shift();
    if (next) void this.#serve(environment, next.requestId, next.payload).then(next.resolve);
    else this.#idle.push(environment);
  }

  #growSoon(): void {
    if (this.#environments.size === 0) {
      this.#start();
    } else if (this.#environments.size < this.#limits.environments && this.#starting === 0) {
      this.#growTimer ??= setTimeout(() => {
        this.#growTimer = undefined;
        if (this.#waiting.length > 0 && this.#starting === 0) this.#start();
      }, this.#limits.growAfterMs);
    }
  }

  #start(): void {
    if (this.#stopped || this.#environments.size >= this.#limits.environments) return;
    this.#starting++;
    const environment = new ExecutionEnvironment(this.#options, () => {
      this.#environments.delete(environment);
      if (this.#waiting.length > 0 && this.#starting === 0) this.#growSoon();
    });
    this.#environments.add(environment);
    void environment.started.then((failure) => {
      this.#starting--;
      if (!failure) {
        this.#release(environment);
        if (this.#waiting.length > 0) this.#growSoon();
        return;
      }
      // An environment that cannot start answers the invocation it was started for, and the next one tries again.
      const first = this.#waiting.shift();
      first?.resolve({ kind: 'failed', failure });
      if (this.#waiting.length > 0) this.#growSoon();
    });
  }
}
