import type { Sim } from '../sim.ts';
import type { Answer, Network, SipRequest } from './network.ts';

/** 64 T1 (RFC 3261 17.1.1.2, 17.1.2.2, 13.3.1.4). */
export const patienceMs = 32_000;

/** The SIP server as the client of a transaction. */
export class Exchange {
  readonly #sim: Sim;
  readonly #network: Network;

  constructor(sim: Sim, network: Network) {
    this.#sim = sim;
    this.#network = network;
  }

  /** Sends, and nothing else. Where nobody is by then, nobody hears it. */
  send(to: string, request: SipRequest, answer: Answer = () => {}): void {
    const { leg } = request;
    this.#network.carry(`${leg}>`, () => {
      const answers = (status: number) => this.#network.carry(`${leg}<`, () => answer(status));
      this.#network.find(to)?.take(request, answers);
    });
  }

  /**
   * Sends, and answers 408 itself where nobody else does.
   * @param answered gets each answer up to the final one, and from where: undefined, its own
   * @param isInHand whether it may take longer
   */
  ask(
    to: string,
    request: SipRequest,
    answered: (status: number, from: string | undefined) => void,
    isInHand = () => false,
  ): void {
    let isOver = false;
    const take = (status: number, from: string | undefined) => {
      if (isOver) return;
      isOver = status >= 200;
      answered(status, from);
    };
    this.send(to, request, (status) => take(status, to));
    const giveUp = () => {
      if (!isInHand()) take(408, undefined);
      else if (!isOver) this.#sim.in(patienceMs, giveUp);
    };
    this.#sim.in(patienceMs, giveUp);
  }
}
