import type { AttemptFailure } from '../../../contracts/commands.ts';
import type { Peer } from '../../../contracts/common.ts';
import type {
  Acknowledge,
  Headers,
  OutgoingRequest,
  Srf,
  SrfRequest,
  SrfResponse,
} from '../../drachtio/srf.ts';
import { Leg, sendRequest, sendWhileConnected } from './leg.ts';

/** The INVITE as a gateway gets it. */
export interface Offer {
  /** The gateway's registered contact. */
  readonly requestUri: string;
  /** Where it really registered from; its connection is used again. Undefined: where the contact says. */
  readonly route: string | undefined;
  readonly headers: Headers;
  readonly body: string | undefined;
}

export interface OfferLimits {
  /** Nothing from the gateway for so long: it is silent. */
  readonly gatewayTimeoutMs: number;
  readonly ringLimitMs: number;
}

export interface AnsweredOffer {
  readonly result: 'answered';
  readonly response: SrfResponse;
  readonly ack: Acknowledge;
  readonly leg: Leg;
}

export type OfferResult =
  | AnsweredOffer
  | { readonly result: 'failed'; readonly cause: AttemptFailure['cause']; readonly status?: number }
  | { readonly result: 'rang-too-long' };

/** @returns the URI of the connection a gateway registered over */
export function routeTo({ address, port, protocol }: Peer): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `sip:${host}:${port};transport=${protocol}`;
}

/**
 * One INVITE to one gateway, from the first packet to its final answer. Whoever gives it up before leaves
 * nothing behind: CANCEL, and where the 200 comes nevertheless ACK and BYE.
 */
export class GatewayLeg {
  readonly result: Promise<OfferResult>;
  readonly #srf: Srf;
  readonly #onProvisional: (response: SrfResponse) => void;
  #settle: (result: OfferResult) => void = () => {};
  #sent: SrfRequest | undefined;
  #answer: AnsweredOffer | undefined;
  /** `result` is settled. */
  #ended = false;
  #givenUp = false;
  /** Its final answer is known. */
  #over = false;
  #finalAnswer: ((answered: boolean) => void) | undefined;
  readonly #silenceTimer: NodeJS.Timeout;
  readonly #ringTimer: NodeJS.Timeout;

  constructor(srf: Srf, offer: Offer, limits: OfferLimits, onProvisional: (response: SrfResponse) => void) {
    this.#srf = srf;
    this.#onProvisional = onProvisional;
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#silenceTimer = setTimeout(() => this.fail(), limits.gatewayTimeoutMs);
    this.#ringTimer = setTimeout(() => this.#end({ result: 'rang-too-long' }), limits.ringLimitMs);
    const options: OutgoingRequest = { method: 'INVITE', headers: offer.headers };
    if (offer.body) options.body = offer.body;
    if (offer.route) options.proxy = offer.route;
    sendRequest(srf, offer.requestUri, options, {
      sent: (request) => this.#onSent(request),
      answer: (response, ack) => this.#onAnswer(response, ack),
      failed: () => {
        this.#conclude(false);
        this.fail();
      },
    });
  }

  /**
   * Ends the attempt, answered or not.
   * @param waitMs how long to wait for the gateway's final answer
   * @returns whether the gateway had answered
   */
  giveUp(waitMs: number): Promise<boolean> {
    if (this.#answer && !this.#givenUp) this.#hangUp(this.#answer);
    this.fail();
    this.#givenUp = true;
    if (this.#over) return Promise.resolve(this.#answer !== undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), waitMs);
      this.#finalAnswer = (answered) => {
        clearTimeout(timer);
        resolve(answered);
      };
    });
  }

  /** Ends an attempt without an answer yet as if the gateway had been silent. */
  fail(): void {
    this.#end({ result: 'failed', cause: 'silent' });
  }

  #onSent(request: SrfRequest): void {
    this.#sent = request;
    // As in CallerLeg: before the answer there is no dialog on the other leg to pass it on in.
    request.on('update', (_update, answer) => answer.send(500, { headers: { 'Retry-After': '5' } }));
    if (this.#givenUp) this.#cancel();
  }

  #onAnswer(response: SrfResponse, ack: Acknowledge): void {
    clearTimeout(this.#silenceTimer);
    if (response.status < 200) {
      if (response.status > 100 && !this.#givenUp) this.#onProvisional(response);
      return;
    }
    if (response.status >= 300) {
      this.#conclude(false);
      if (isInternal(response)) this.fail();
      else this.#end({ result: 'failed', cause: 'rejected', status: response.status });
      return;
    }
    const leg = new Leg(this.#srf, 'gateway', response.stackDialogId).attach();
    this.#answer = { result: 'answered', response, ack, leg };
    if (this.#givenUp) this.#hangUp(this.#answer);
    this.#conclude(true);
    this.#end(this.#answer);
  }

  #hangUp({ ack, leg }: AnsweredOffer): void {
    sendWhileConnected(ack);
    void leg.bye({ Reason: 'SIP;cause=487;text="given up before the answer"' });
  }

  #end(result: OfferResult): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#ringTimer);
    this.#givenUp = result.result !== 'answered';
    if (!this.#over) this.#cancel();
    this.#settle(result);
  }

  #conclude(answered: boolean): void {
    this.#over = true;
    this.#finalAnswer?.(answered);
  }

  #cancel(): void {
    const sent = this.#sent;
    // Without an answer yet the CANCEL waits in drachtio for the first one (RFC 3261 9.1).
    if (sent) sendWhileConnected(() => sent.cancel(() => {}));
  }
}

/** drachtio's own 408 or 503 (timer B, refused connection): it came from no address. */
function isInternal(response: SrfResponse): boolean {
  return !response.source_address;
}
