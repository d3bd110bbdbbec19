import type { Sim } from '../sim.ts';
import type { Network, UserAgent } from '../sip/network.ts';
import type { SipServer } from '../sip/server.ts';

/** What a gateway needs of an edge. */
export interface Registrar {
  readonly isReachable: boolean;
  readonly server: SipServer;
}

export interface RegistrationOptions {
  /** The Call-ID of its REGISTERs. */
  id: string;
  username: string;
  agent: UserAgent;
  sim: Sim;
  network: Network;
  edges(): readonly Registrar[];
}

const refreshMs = 50_000;
const expiresSec = 120;
/** Timer F, shortened: then it tries again. */
const patienceMs = 8000;

/** Keeps one life of a gateway registered, at the edge that answers. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #contact: string;
  /** Where its packets come from, also those that arrive when its gateway has started anew elsewhere. */
  readonly #from: Pick<UserAgent, 'at'>;
  #edge: Registrar | undefined;
  #cseq = 0;
  #isOver = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#from = { at: options.agent.at };
    this.#contact = `<sip:${options.username}@${options.agent.at}>`;
    void this.#keep();
  }

  /** Nobody keeps it any more. */
  forget(): void {
    this.#isOver = true;
  }

  /** Its gateway says goodbye, where there is anybody to hear it. */
  async end(): Promise<void> {
    this.forget();
    if (this.#edge?.isReachable) await this.#register(this.#edge, '*', 0);
  }

  async #keep(): Promise<void> {
    const { sim, edges } = this.#options;
    while (!this.#isOver) {
      // It stays with its edge while that answers.
      const edge = this.#edge?.isReachable ? this.#edge : sim.pick(edges().filter((one) => one.isReachable));
      this.#edge = edge;
      const status = edge && (await this.#register(edge, this.#contact, expiresSec));
      await sim.sleep(status === 200 ? refreshMs : sim.between(2000, 6000));
    }
  }

  /** @returns undefined where nobody answered */
  #register({ server }: Registrar, contact: string, expires: number): Promise<number | undefined> {
    const { id, username, sim, network } = this.#options;
    this.#cseq += 1;
    const address = `<sip:${username}@example.test>`;
    const headers = {
      'call-id': id,
      cseq: `${this.#cseq} REGISTER`,
      from: `${address};tag=1`,
      to: address,
      contact,
      expires: `${expires}`,
    };
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    network.carry(`${id}>`, () => server.take(this.#from, { method: 'REGISTER', leg: id, headers }, resolve));
    sim.in(patienceMs, () => resolve(undefined));
    return promise;
  }
}
