import type { AllocateGateway, RegisterCommand } from '../../contracts/commands.ts';
import type { Clock, ControlPlane, Meter } from '../ports.ts';

const failuresToUnhealthy = 3;
/** After so long without a new failure it is given another chance: without calls, nobody would find out. */
const memoryMs = 15_000;

/** A control plane that remembers how it fared: what OPTIONS is answered by, and the metrics show. */
export class WatchedControlPlane implements ControlPlane {
  readonly #inner: ControlPlane;
  readonly #clock: Clock;
  readonly #meter: Meter;
  #failures = 0;
  #lastFailureAt = 0;

  constructor(inner: ControlPlane, clock: Clock, meter: Meter) {
    this.#inner = inner;
    this.#clock = clock;
    this.#meter = meter;
  }

  /** False where the last three commands failed, the last of them in the last 15 s. */
  get isHealthy(): boolean {
    return this.#failures < failuresToUnhealthy || this.#clock.now() - this.#lastFailureAt > memoryMs;
  }

  register(command: RegisterCommand) {
    return this.#watch(this.#inner.register(command));
  }

  allocate(command: AllocateGateway) {
    return this.#watch(this.#inner.allocate(command));
  }

  listEdgeCalls() {
    return this.#watch(this.#inner.listEdgeCalls());
  }

  /** Not watched: no new call depends on it. */
  listHangups() {
    return this.#inner.listHangups();
  }

  async #watch<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      this.#failures = 0;
      return value;
    } catch (error) {
      this.#failures += 1;
      this.#meter.count('ControlPlaneFailures');
      this.#lastFailureAt = this.#clock.now();
      throw error;
    }
  }
}
