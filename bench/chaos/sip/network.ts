import { parseSipUri } from '../../../sip/uri.ts';
import type { Headers } from '../../../sip-edge/drachtio/srf.ts';
import type { Sim } from '../sim.ts';
import type { Weather } from '../weather.ts';

export interface SipRequest {
  readonly method: string;
  /** The dialog that it is of, or begins: the Call-ID and the tag of whoever began it. */
  readonly leg: string;
  readonly headers: Headers;
}

/** May be called several times for an INVITE, and never by who is silent. */
export type Answer = (status: number) => void;

/** A caller or a gateway. */
export interface UserAgent {
  /** `address:port` */
  readonly at: string;
  take(request: SipRequest, answer: Answer): void;
  /** The SIP server at the other end of a leg has ended, without a word. */
  leftAlone(leg: string): void;
}

/** @returns `address:port` */
export function addressOf(uri: string): string {
  const { host, port } = parseSipUri(uri) ?? {};
  return `${host}:${port}`;
}

/** Where packets go by UDP. What is lost is sent again, so it comes late; of one leg and direction all come in order. */
export class Network {
  readonly #sim: Sim;
  readonly #weather: () => Weather;
  readonly #agents = new Map<string, UserAgent>();
  readonly #lastAt = new Map<string, number>();

  constructor(sim: Sim, weather: () => Weather) {
    this.#sim = sim;
    this.#weather = weather;
  }

  join(agent: UserAgent): void {
    this.#agents.set(agent.at, agent);
  }

  leave(at: string): void {
    this.#agents.delete(at);
  }

  /** @returns who is there now; undefined where nobody hears it */
  find(at: string): UserAgent | undefined {
    return this.#agents.get(at);
  }

  /** @param way leg and direction. @param arrive is called when a packet has gone it */
  carry(way: string, arrive: () => void): void {
    const sim = this.#sim;
    const tookMs = sim.chance(this.#weather().packetLost) ? sim.between(500, 1500) : sim.between(2, 40);
    const at = Math.max(this.#lastAt.get(way) ?? 0, sim.nowMs + Math.round(tookMs));
    this.#lastAt.set(way, at);
    sim.in(at - sim.nowMs, arrive);
  }
}
