import type { Failed, Told } from '../../../lambdas/runtime/fact-batch.ts';
import type { Sim } from '../sim.ts';

/** As the template has them (infra/functions/bus.ts). */
export interface FactQueueOptions<Event> {
  batchSize: number;
  windowMs: number;
  maxConcurrency: number;
  /** What failed comes again so long after it was received. */
  visibilityMs: number;
  /** One invocation. Rejects where all of it comes again. */
  invoke: (batch: readonly Told<Event>[], failed: Failed) => Promise<void>;
}

/** An SQS queue and its event source mapping: at least once, in batches of any size, in no order. */
export class FactQueue<Event> {
  readonly #sim: Sim;
  readonly #options: FactQueueOptions<Event>;
  #visible: Told<Event>[] = [];
  #running = 0;
  #isDue = false;
  #ids = 0;

  constructor(sim: Sim, options: FactQueueOptions<Event>) {
    this.#sim = sim;
    this.#options = options;
  }

  send(event: Event): void {
    this.#ids += 1;
    this.#show([{ messageId: `m${this.#ids}`, event }]);
  }

  #show(told: readonly Told<Event>[]): void {
    this.#visible.push(...told);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#sim.in(this.#options.windowMs + this.#sim.between(0, 50), () => {
      this.#isDue = false;
      this.#read();
    });
  }

  #read(): void {
    const { batchSize, maxConcurrency } = this.#options;
    while (this.#visible.length > 0 && this.#running < maxConcurrency) {
      // A reader finds some of what is there.
      const size = Math.ceil(this.#sim.between(0, Math.min(batchSize, this.#visible.length)));
      const batch = this.#visible.splice(0, Math.max(1, size));
      this.#running += 1;
      void this.#serve(batch).finally(() => {
        this.#running -= 1;
        this.#read();
      });
    }
  }

  async #serve(batch: readonly Told<Event>[]): Promise<void> {
    const receivedAt = this.#sim.nowMs;
    const again = new Set<string>();
    try {
      await this.#options.invoke(batch, (ids) => {
        for (const id of ids) again.add(id);
      });
    } catch {
      for (const { messageId } of batch) again.add(messageId);
    }
    const failed = batch.filter(({ messageId }) => again.has(messageId));
    if (failed.length === 0) return;
    const leftMs = Math.max(0, receivedAt + this.#options.visibilityMs - this.#sim.nowMs);
    this.#sim.in(leftMs, () => this.#show(failed));
  }
}
