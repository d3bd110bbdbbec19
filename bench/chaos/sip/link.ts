import type { SrfRequest, SrfResponse } from '../../../sip-edge/drachtio/srf.ts';
import type { Sim } from '../sim.ts';

/** Between drachtio and its application, on one machine. */
const tookMs = 1;

/** What the SIP server has at the other end of a connection. */
export interface LinkedClient {
  /** A request comes in. */
  deliver(request: SrfRequest, response: SrfResponse): void;
  /** The application gives up an INVITE that it has sent. */
  cancel(txnId: string, done: (error: Error | null) => void): void;
}

/** Of a request that was to be sent: with it, or why not. */
export type Called = (error: (Error & { code?: string }) | null, request?: SrfRequest) => void;

/** One connection of an application to its SIP server. What is on its way as it breaks is lost. */
export class Link {
  isOpen = true;
  readonly client: LinkedClient;
  readonly #sim: Sim;

  constructor(client: LinkedClient, sim: Sim) {
    this.client = client;
    this.#sim = sim;
  }

  toServer(run: () => void): void {
    this.#sim.in(tookMs, () => this.isOpen && run());
  }

  toApplication(run: () => void): void {
    this.#sim.in(tookMs, () => this.isOpen && run());
  }
}
