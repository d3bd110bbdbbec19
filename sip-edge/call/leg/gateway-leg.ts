import type { AttemptFailure } from '../../../contracts/commands.ts';
import type { Peer } from '../../../contracts/common.ts';
import { isInternal, udpRoute } from '../../drachtio/peer.ts';
import type {
  Acknowledge,
  Headers,
  OutgoingRequest,
  Srf,
  SrfRequest,
  SrfResponse,
} from '../../drachtio/srf.ts';
import type { AlarmClock } from '../../ports.ts';
import { Leg, sendRequest, sendWhileConnected } from './leg.ts';
import { remainsOfGateway } from './remains.ts';

/** The INVITE as a gateway gets it. */
export interface Offer {
  readonly way: Way;
  readonly headers: Headers;
  readonly body: string | undefined;
}

export interface OfferListener {
  /** drachtio has sent the INVITE. */
  sent(invite: SrfRequest): void;
  provisional(response: SrfResponse): void;
}

export interface OfferLimits {
  /** Nothing from the gateway for so long: it is asked by OPTIONS, and after as long again without an answer is silent. */
  readonly gatewayTimeoutMs: number;
  /** So long it may ring, or be silent on the INVITE while it answers OPTIONS. */
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
  | {
      readonly result: 'failed';
      readonly cause: AttemptFailure['cause'];
      readonly status?: number;
      readonly response?: SrfResponse;
    }
  | { readonly result: 'rang-too-long' };

/** One way to reach a gateway. */
export interface Way {
  readonly requestUri: string;
  /** Where to send, in place of what the URI says. */
  readonly route?: string;
  /** Not by the connection that it registered over. */
  readonly isAnew?: true;
}

/**
 * The ways to a gateway that registered at this edge. By UDP it is called where it registered from, which a NAT lets
 * through. The port that a connection came from is nobody's to connect to (RFC 3261 18.1.1): its Contact is called, for
 * which drachtio uses the connection, and a connection of its own where that is closed.
 * @param contact as registered. @param from where it registered from
 */
export function waysTo(contact: string, from: Peer): Way[] {
  const route = udpRoute(from);
  if (route) return [{ requestUri: contact, route }];
  return [{ requestUri: contact }, { requestUri: contact, isAnew: true }];
}

export interface GatewayLegParts {
  readonly srf: Srf;
  readonly clock: AlarmClock;
}

/**
 * One INVITE to one gateway, from the first packet to its final answer. Whoever gives it up before leaves
 * nothing behind: CANCEL, and where the 200 comes nevertheless ACK and BYE.
 */
export class GatewayLeg {
  readonly result: Promise<OfferResult>;
  readonly #srf: Srf;
  readonly #clock: AlarmClock;
  readonly #listener: OfferListener;
  #settle: (result: OfferResult) => void = () => {};
  #sent: SrfRequest | undefined;
  #answer: AnsweredOffer | undefined;
  /** `result` is settled. */
  #ended = false;
  #givenUp = false;
  /** What CANCEL or BYE say of it. */
  #farewell: Headers = {};
  /** Its final answer is known. */
  #over = false;
  #finalAnswer: ((answered: boolean) => void) | undefined;
  #rings = false;
  #answersOptions = false;
  readonly #way: Way;
  #stopSilenceTimer: () => void;
  readonly #stopRingTimer: () => void;

  constructor({ srf, clock }: GatewayLegParts, offer: Offer, limits: OfferLimits, listener: OfferListener) {
    this.#srf = srf;
    this.#clock = clock;
    this.#way = offer.way;
    this.#listener = listener;
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const { gatewayTimeoutMs, ringLimitMs } = limits;
    this.#stopSilenceTimer = clock.after(gatewayTimeoutMs, () => this.#onSilence(gatewayTimeoutMs));
    this.#stopRingTimer = clock.after(ringLimitMs, () => this.#onRingLimit());
    const { requestUri, route } = offer.way;
    const options: OutgoingRequest = { method: 'INVITE', headers: offer.headers };
    if (offer.body) options.body = offer.body;
    if (route) options.proxy = route;
    sendRequest(srf, requestUri, options, {
      sent: (request) => this.#onSent(request),
      answer: (response, ack) => this.#onAnswer(response, ack),
      failed: () => this.#onUnreachable(),
    });
  }

  #onUnreachable(): void {
    this.#conclude(false);
    this.fail();
  }

  /** One that has not rung in that time has lost the call, or never had it, though it answers OPTIONS. */
  #onRingLimit(): void {
    if (this.#rings) this.#end({ result: 'rang-too-long' });
    else this.fail();
  }

  /** The way leads to the gateway, whatever it makes of the INVITE. */
  get answersOptions(): boolean {
    return this.#answersOptions;
  }

  /**
   * drachtio keeps a 100 to itself, by which a gateway says that it works on the call. So it is asked whether it is
   * there: any answer to OPTIONS says so, and it may go on for as long as one may ring.
   */
  #onSilence(patienceMs: number): void {
    this.#stopSilenceTimer = this.#clock.after(patienceMs, () => this.fail());
    const { requestUri, route } = this.#way;
    const options: OutgoingRequest = route ? { method: 'OPTIONS', proxy: route } : { method: 'OPTIONS' };
    sendRequest(this.#srf, requestUri, options, {
      answer: (response) => {
        if (isInternal(response)) return;
        this.#answersOptions = true;
        this.#stopSilenceTimer();
      },
      failed: () => {},
    });
  }

  /**
   * Ends the attempt, answered or not.
   * @param waitMs how long to wait for the gateway's final answer. @param farewell why, as the caller says
   * @returns whether the gateway had answered
   */
  giveUp(waitMs: number, farewell: Headers): Promise<boolean> {
    this.#farewell = farewell;
    if (this.#answer && !this.#givenUp) this.#hangUp(this.#answer);
    this.fail();
    this.#givenUp = true;
    if (this.#over) return Promise.resolve(this.#answer !== undefined);
    return new Promise((resolve) => {
      const stopTimer = this.#clock.after(waitMs, () => resolve(false));
      this.#finalAnswer = (answered) => {
        stopTimer();
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
    this.#listener.sent(request);
    // As in CallerLeg: before the answer there is no dialog on the other leg to pass it on in.
    request.on('update', (_update, answer) => answer.send(500, { headers: { 'Retry-After': '5' } }));
    if (this.#givenUp) this.#cancel();
  }

  #onAnswer(response: SrfResponse, ack: Acknowledge): void {
    if (!isInternal(response)) this.#stopSilenceTimer();
    if (response.status < 200) {
      if (response.status > 100 && !this.#givenUp) {
        this.#rings = true;
        this.#listener.provisional(response);
      }
      return;
    }
    if (isInternal(response)) {
      this.#onUnreachable();
      return;
    }
    if (response.status >= 300) {
      this.#conclude(false);
      this.#end({ result: 'failed', cause: 'rejected', status: response.status, response });
      return;
    }
    const leg = new Leg(this.#srf, 'gateway', response.stackDialogId, this.#sent?.stackTxnId).attach();
    leg.remains = remainsOfGateway(this.#sent, response);
    leg.timer.answered(response.headers);
    this.#answer = { result: 'answered', response, ack, leg };
    if (this.#givenUp) this.#hangUp(this.#answer);
    this.#conclude(true);
    this.#end(this.#answer);
  }

  #hangUp({ ack, leg }: AnsweredOffer): void {
    sendWhileConnected(ack);
    const headers = { reason: 'SIP;cause=487;text="given up before the answer"', ...this.#farewell };
    void leg.bye({ headers });
  }

  #end(result: OfferResult): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopSilenceTimer();
    this.#stopRingTimer();
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
    if (sent) sendWhileConnected(() => sent.cancel({ headers: this.#farewell }, () => {}));
  }
}
