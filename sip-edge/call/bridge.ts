import { Measure } from '../admission/measure.ts';
import { forgetRequest } from '../drachtio/forget-request.ts';
import { passableBody } from '../drachtio/size-limit.ts';
import type { Acknowledge, Headers, SrfRequest, SrfResponse } from '../drachtio/srf.ts';
import { steadyClock } from '../ports.ts';
import { type Passed, passed, reasonIn } from './leg/headers.ts';
import { describedBy, type Leg, type Side, sendWhileConnected } from './leg/leg.ts';
import type { BodyReader } from './leg/repair-sdp.ts';
import { Relay, type RelayListener, tryAgain } from './relay.ts';

/** How an answered call came to its end. */
export interface BridgeEnd {
  /** `edge`: drachtio or this application ended it; `operator`: somebody who runs the service. */
  readonly by: Side | 'edge' | 'operator';
  readonly outcome: 'answered' | 'gateway-lost' | 'edge-lost';
  /** The Reason header (RFC 3326) of the BYE, for the other side and the log. */
  readonly reason?: string;
}

/** Somebody who runs the service wants it ended. The cause is of Q.850: normal clearing. */
export const endByOperator: BridgeEnd = {
  by: 'operator',
  outcome: 'answered',
  reason: 'Q.850;cause=16;text="ended by an operator"',
};

export interface BridgeListener {
  /** Once. */
  onEnd(end: BridgeEnd): void;
  /** The caller has acknowledged an answer. */
  onAck(): void;
  /** A BYE that could not be sent, for want of a connection to drachtio. */
  onUnsentBye(leg: Leg): void;
  /** The Contact for a gateway that sends from there, if it is to get another than drachtio's. */
  contactFor(address: string, protocol: string): Headers;
  /** The body of a caller's message as it goes on. */
  bodyOf: BodyReader;
}

/**
 * What one side may ask of the other: digits and requests for a picture come a few a second. Admission sees nothing within a
 * dialog, and a flood that is passed on takes the time of every call of the edge.
 */
const relayedPerSec = 20;
const relayedBurst = 100;

const newMeasure = () => new Measure(relayedPerSec, relayedBurst, steadyClock.now());

/** An answered call: two dialogs, and whatever one side says goes to the other. */
export class Bridge {
  readonly caller: Leg;
  readonly gateway: Leg;
  readonly #listener: BridgeListener;
  /** The ACK that a side still owes for a re-INVITE without an offer: it carries the answer (RFC 3261 13.2.1). */
  readonly #pendingAcks = new Map<Leg, Acknowledge>();
  /** What passes and has no final answer yet. */
  #relays: readonly Relay[] = [];
  readonly #measures: Readonly<Record<Side, Measure>> = { caller: newMeasure(), gateway: newMeasure() };
  #over = false;

  /** @param lateAck the gateway's 200 brought the offer: the caller's ACK carries the answer to it */
  constructor(caller: Leg, gateway: Leg, listener: BridgeListener, lateAck?: Acknowledge) {
    this.caller = caller;
    this.gateway = gateway;
    this.#listener = listener;
    if (lateAck) this.#pendingAcks.set(caller, lateAck);
  }

  /** Lets requests through, beginning with those that came since the answer. */
  open(): this {
    this.caller.listen((request, response) => this.#onRequest(this.caller, this.gateway, request, response));
    this.gateway.listen((request, response) => this.#onRequest(this.gateway, this.caller, request, response));
    return this;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Ends both legs; without effect on a call that is over. */
  end(end: BridgeEnd): void {
    this.#end(end, [this.caller, this.gateway]);
  }

  /** One leg is gone already: ends the other. @param said with the BYE that ended it */
  endOther(gone: Leg, end: BridgeEnd, said?: Passed): void {
    gone.detach();
    this.#end(end, [gone === this.caller ? this.gateway : this.caller], said);
  }

  #end(end: BridgeEnd, legs: readonly Leg[], said: Passed = { headers: reasonIn(end) }): void {
    if (this.#over) return;
    this.#over = true;
    // A 200 without its ACK would be sent again and again (RFC 3261 13.3.1.4).
    for (const ack of this.#pendingAcks.values()) sendWhileConnected(ack);
    this.#pendingAcks.clear();
    for (const relay of this.#relays) relay.end();
    for (const leg of legs) {
      void leg.bye(said, end.outcome === 'edge-lost').then((sent) => {
        if (!sent) this.#listener.onUnsentBye(leg);
      });
    }
    this.#listener.onEnd(end);
  }

  #onRequest(from: Leg, to: Leg, request: SrfRequest, response: SrfResponse): void {
    if (request.method === 'ACK') this.#onAck(from, to, request);
    else if (request.method === 'BYE') this.#onBye(from, request, response);
    else if (this.#over) response.send(481);
    else if (!this.#isInMeasure(from, request, response)) return;
    else {
      const relay = new Relay(from, to, request, response, this.#relayed);
      this.#relays = [...this.#relays.filter(({ isOpen }) => isOpen), relay];
      relay.start();
    }
  }

  /** As at the door: an answer over a connection lets drachtio forget the request, by UDP it would help the flood. */
  #isInMeasure({ side }: Leg, request: SrfRequest, response: SrfResponse): boolean {
    const measure = this.#measures[side].take(steadyClock.now());
    if (measure === 'flood' && request.protocol === 'udp') forgetRequest(request);
    else if (measure !== 'ok') response.send(500, tryAgain);
    return measure === 'ok';
  }

  #onBye(from: Leg, bye: SrfRequest, response: SrfResponse): void {
    response.send(200);
    const reason = bye.headers.reason;
    // A BYE that drachtio sent itself: session timer, or no ACK.
    const by = bye.source === 'application' ? 'edge' : from.side;
    const said = passed(bye, this.#bodyOf(from, bye));
    this.endOther(from, { by, outcome: 'answered', ...(reason && { reason }) }, said);
  }

  #onAck(from: Leg, to: Leg, request: SrfRequest): void {
    if (from === this.caller) this.#listener.onAck();
    const ack = this.#pendingAcks.get(from);
    if (!ack) return;
    this.#pendingAcks.delete(from);
    const body = this.#bodyOf(from, request);
    to.told = describedBy(request, body) ?? to.told;
    ack(passed(request, body));
  }

  #bodyOf({ side }: Leg, message: SrfRequest | SrfResponse): string | undefined {
    return side === 'caller' ? this.#listener.bodyOf(message) : passableBody(message);
  }

  /** What a relayed request asks of the call. */
  readonly #relayed: RelayListener = {
    awaitsAck: (from, ack) => this.#pendingAcks.set(from, ack),
    onGone: (leg) => this.endOther(leg, { by: leg.side, outcome: 'answered' }),
    isOver: () => this.#over,
    bodyOf: (from, message) => this.#bodyOf(from, message),
    contactFor: ({ side }, { source_address: address, protocol }) =>
      side === 'gateway' ? this.#listener.contactFor(address, protocol) : {},
  };
}
