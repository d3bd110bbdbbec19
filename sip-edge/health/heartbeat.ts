import type { Clock, FactSink } from '../ports.ts';
import type { Settings } from '../settings.ts';

export interface HeartbeatParts {
  facts: FactSink;
  settings: Pick<Settings, 'heartbeatSec' | 'leaseSec'>;
  clock: Clock;
  countCalls(): number;
}

/**
 * Renews the edge's lease while it can serve its calls, that is, while it has its drachtio. The generation is
 * the time of the application's start: it rises with each start, and needs no disk, which may not outlive the task.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #generation: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#generation = parts.clock.now();
  }

  /** Publishes a heartbeat at once, and from then on at each interval. */
  start(): void {
    this.stop();
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), this.#parts.settings.heartbeatSec * 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const { facts, settings, countCalls } = this.#parts;
    facts.publish({
      type: 'edge.heartbeat',
      generation: this.#generation,
      calls: countCalls(),
      leaseSec: settings.leaseSec,
    });
  }
}
