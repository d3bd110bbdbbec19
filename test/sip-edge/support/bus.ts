import { type Fact, factSchema } from '../../../contracts/facts.ts';
import type { Delivery, DeliveryResult } from '../../../sip-edge/outbox/sender.ts';

/** A bus in memory: takes what the contract knows, and fails when told to. */
export class TestBus {
  readonly batches: Fact[][] = [];
  /** What becomes of the next batches: undefined lets all through. */
  behaviour: ((fact: Fact) => DeliveryResult) | 'down' | 'hold' | undefined;
  /** Batches that came while the bus was down. */
  refused = 0;
  #held: (() => void)[] = [];

  get facts(): Fact[] {
    return this.batches.flat();
  }

  /** Lets go of the batches held back. */
  release(): void {
    this.behaviour = undefined;
    for (const go of this.#held.splice(0)) go();
  }

  readonly deliver: Delivery = async (batch) => {
    if (this.behaviour === 'down') {
      this.refused += 1;
      throw new Error('the bus is down');
    }
    if (this.behaviour === 'hold') await new Promise<void>((resolve) => this.#held.push(resolve));
    const facts = batch.map(({ detail }) => factSchema.parse(JSON.parse(detail)));
    const { behaviour } = this;
    const results = facts.map(
      (fact): DeliveryResult => (typeof behaviour === 'function' ? behaviour(fact) : { result: 'sent' }),
    );
    this.batches.push(facts.filter((_fact, index) => results[index]?.result === 'sent'));
    return results;
  };
}
