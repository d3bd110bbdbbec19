import type { AllocateGateway, RegisterCommand } from '../../contracts/commands.ts';
import {
  type Asker,
  type Clock,
  type ControlPlane,
  ControlPlaneUnavailable,
  type Counted,
  type Meter,
} from '../ports.ts';

const failuresToUnhealthy = 3;
/** After so long without a new failure it counts as healthy: while no call is sent here, no command could show it. */
const memoryMs = 15_000;

/** Counts the failed commands of a control plane: OPTIONS is answered by the last ones, and a metric counts all. */
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
    return this.#watch(this.#inner.register(command), 'ShedRegisters');
  }

  allocate(command: AllocateGateway, asker: Asker) {
    return this.#watch(this.#inner.allocate(command, asker), asker.isAdmitted ? undefined : 'ShedCalls');
  }

  listEdgeCalls() {
    return this.#watch(this.#inner.listEdgeCalls());
  }

  /** Its failures are not counted: no new call depends on it. */
  renewEdge() {
    return this.#inner.renewEdge();
  }

  /** @param shed counts those that were not sent for want of room */
  async #watch<T>(answer: Promise<T>, shed?: Counted): Promise<T> {
    try {
      const value = await answer;
      this.#failures = 0;
      return value;
    } catch (error) {
      const why = error instanceof ControlPlaneUnavailable ? error.why : undefined;
      if (why === 'overloaded' && shed !== undefined) this.#meter.count(shed);
      // What was not sent says nothing of who would have answered.
      if (why === 'overloaded' || why === 'abandoned') throw error;
      this.#failures += 1;
      this.#meter.count('ControlPlaneFailures');
      this.#lastFailureAt = this.#clock.now();
      throw error;
    }
  }
}
