import type { Sim } from '../sim.ts';
import type { Answer, Network, SipRequest, UserAgent } from '../sip/network.ts';
import type { SipServer } from '../sip/server.ts';
import type { TrueCall } from './true-call.ts';

/** 64 T1: so long one waits for what does not come (RFC 3261 9.1, 17.1). */
const patienceMs = 32_000;
/** Who hears nothing more of the other side notices by its session timer. */
const noticesAfterMs = 90_000;

export interface CallerOptions {
  call: TrueCall;
  at: string;
  server: SipServer;
  network: Network;
  sim: Sim;
  /** When it gives up without an answer. */
  waitsMs: number;
  /** It vanishes as it is answered: no ACK. */
  vanishes: boolean;
}

/** A caller with one call at one edge. */
export class Caller implements UserAgent {
  readonly at: string;
  /** What it was answered; undefined where it has given up without an answer. */
  readonly answered: Promise<number | undefined>;
  #state: 'inviting' | 'cancelled' | 'up' | 'over' = 'inviting';
  #settle: (status: number | undefined) => void = () => {};
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.at = options.at;
    this.answered = new Promise((resolve) => {
      this.#settle = resolve;
    });
    options.network.join(this);
  }

  get call(): TrueCall {
    return this.#options.call;
  }

  invite(): void {
    const { call, waitsMs, sim } = this.#options;
    const [, tag = ''] = call.leg.split(';from-tag=');
    const headers = {
      'call-id': call.callId,
      from: `<sip:room@example.org>;tag=${tag}`,
      to: '<sip:1234@example.test>',
      contact: `<sip:room@${this.at}>`,
      'content-type': 'application/sdp',
      'x-leg': call.leg,
    };
    this.#send('INVITE', headers, (status) => this.#onAnswer(status));
    sim.in(waitsMs, () => this.giveUp());
  }

  /** It hangs up. */
  hangUp(): void {
    if (this.#state !== 'up') return;
    this.#end();
    this.#send('BYE', {}, () => {});
  }

  take({ method }: SipRequest, answer: Answer): void {
    const isUp = this.#state === 'up' && !this.#options.vanishes;
    if (method === 'ACK') return;
    answer(isUp ? 200 : 481);
    if (isUp && method === 'BYE') this.#end();
  }

  leftAlone(): void {
    const { call, sim } = this.#options;
    call.isBroken = true;
    sim.in(noticesAfterMs, () => this.#end());
  }

  #onAnswer(status: number): void {
    const { call, sim, vanishes } = this.#options;
    if (status < 200) return;
    if (status >= 300) {
      if (this.#state === 'up' || this.#state === 'over') return;
      if (status !== 487) call.refused = status;
      this.#end(status);
      return;
    }
    if (vanishes) {
      call.isBroken = true;
      this.#end(status);
      return;
    }
    this.#send('ACK', {}, () => {});
    // Its CANCEL has crossed the 200, or it has left long ago.
    if (this.#state !== 'inviting') {
      this.#send('BYE', {}, () => {});
      this.#end();
      return;
    }
    this.#state = 'up';
    call.answeredAt = sim.nowMs;
    this.#settle(status);
  }

  /** It hangs up before it was answered. */
  giveUp(): void {
    if (this.#state !== 'inviting') return;
    const { call, server, network, sim } = this.#options;
    this.#state = 'cancelled';
    call.cancelledAt = sim.nowMs;
    network.carry(`${call.leg}>`, () => server.takeCancel(call.leg));
    sim.in(patienceMs, () => this.#state === 'cancelled' && this.#end());
  }

  #end(status?: number): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const { call, sim } = this.#options;
    call.endedAt = sim.nowMs;
    this.#settle(status);
  }

  #send(method: string, headers: SipRequest['headers'], answer: Answer): void {
    const { call, server, network } = this.#options;
    const request = { method, leg: call.leg, headers };
    network.carry(`${call.leg}>`, () => {
      if (method === 'INVITE') server.take(this, request, answer);
      else server.takeWithin(this, request, answer);
    });
  }
}
