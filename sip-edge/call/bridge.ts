import type { Acknowledge, Headers, SrfRequest, SrfResponse } from '../drachtio/srf.ts';
import { passHeaders } from './leg/headers.ts';
import { type Leg, type Side, sendWhileConnected } from './leg/leg.ts';
import { sessionTimerAnswer } from './leg/session-timer.ts';

/** How an answered call came to its end. */
export interface BridgeEnd {
  /** `edge`: drachtio or this application ended it. */
  readonly by: Side | 'edge';
  readonly outcome: 'answered' | 'gateway-lost' | 'edge-lost';
  /** The Reason header (RFC 3326) of the BYE, for the other side and the log. */
  readonly reason?: string;
}

export interface BridgeListener {
  /** Once. */
  onEnd(end: BridgeEnd): void;
  /** A BYE that could not be sent, for want of a connection to drachtio. */
  onUnsentBye(dialogId: string): void;
  /** The Contact for a gateway that sends from there, if it is to get another than drachtio's. */
  contactFor(address: string, protocol: string): Headers;
}

/** What passes within a call, with its answer. Everything else is answered 405. */
const relayed: ReadonlySet<string> = new Set([
  'INVITE',
  'UPDATE',
  'INFO',
  'REFER',
  'MESSAGE',
  'NOTIFY',
  'OPTIONS',
]);
const allow = [...relayed, 'ACK', 'BYE', 'CANCEL'].join(', ');

/** An answered call: two dialogs, and whatever one side says goes to the other. */
export class Bridge {
  readonly caller: Leg;
  readonly gateway: Leg;
  readonly #listener: BridgeListener;
  /** The ACK that a side still owes for a re-INVITE without an offer: it carries the answer (RFC 3261 13.2.1). */
  readonly #pendingAcks = new Map<Leg, Acknowledge>();
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
    this.#end(end, [this.caller, this.gateway], end.reason);
  }

  /** One leg is gone already: ends the other. */
  endOther(gone: Leg, end: BridgeEnd): void {
    gone.detach();
    this.#end(end, [gone === this.caller ? this.gateway : this.caller], end.reason);
  }

  #end(end: BridgeEnd, legs: readonly Leg[], reason: string | undefined): void {
    if (this.#over) return;
    this.#over = true;
    // A 200 without its ACK would be sent again and again (RFC 3261 13.3.1.4).
    for (const ack of this.#pendingAcks.values()) sendWhileConnected(ack);
    this.#pendingAcks.clear();
    const headers: Headers = reason ? { Reason: reason } : {};
    for (const leg of legs) {
      void leg.bye(headers).then((sent) => {
        if (!sent) this.#listener.onUnsentBye(leg.id);
      });
    }
    this.#listener.onEnd(end);
  }

  #onRequest(from: Leg, to: Leg, request: SrfRequest, response: SrfResponse): void {
    if (request.method === 'ACK') this.#onAck(from, request);
    else if (request.method === 'BYE') this.#onBye(from, request, response);
    else if (!relayed.has(request.method)) response.send(405, { headers: { Allow: allow } });
    else if (this.#over) response.send(481);
    else this.#relay(from, to, request, response);
  }

  #onBye(from: Leg, bye: SrfRequest, response: SrfResponse): void {
    response.send(200);
    const reason = bye.headers.reason;
    // A BYE that drachtio sent itself: session timer, or no ACK.
    const by = bye.source === 'application' ? 'edge' : from.side;
    this.endOther(from, { by, outcome: 'answered', ...(reason && { reason }) });
  }

  #onAck(from: Leg, request: SrfRequest): void {
    const ack = this.#pendingAcks.get(from);
    if (!ack) return;
    this.#pendingAcks.delete(from);
    acknowledge(ack, request);
  }

  #contactIn({ side }: Leg, { source_address: address, protocol }: SrfRequest): Headers {
    return side === 'gateway' ? this.#listener.contactFor(address, protocol) : {};
  }

  #relay(from: Leg, to: Leg, request: SrfRequest, response: SrfResponse): void {
    const { method, body } = request;
    to.request(method, passHeaders(request.headers), body, {
      answer: (answer, ack) => {
        if (answer.status < 200) return;
        if (method === 'INVITE' && answer.status < 300) {
          // The answer to a re-INVITE without an offer comes with this side's ACK: the other side's ACK waits for it.
          if (body || this.#over) ack();
          else this.#pendingAcks.set(from, ack);
        }
        sendAnswer(response, answer, request, this.#contactIn(from, request));
      },
      failed: (failure) => {
        if (failure === 'not-sent') {
          response.send(500, { headers: { 'Retry-After': '2' } });
        } else {
          response.send(481);
          this.endOther(to, { by: to.side, outcome: 'answered' });
        }
      },
    });
  }
}

/**
 * Passes a final answer on, with the Contact that a 2xx shall have. A status that drachtio-srf has no name for becomes its class
 * (RFC 3261 8.1.3.2).
 */
function sendAnswer(response: SrfResponse, answer: SrfResponse, request: SrfRequest, contact: Headers): void {
  const options = passed(answer);
  const mayRefresh = request.method === 'INVITE' || request.method === 'UPDATE';
  if (mayRefresh && answer.status < 300)
    Object.assign(options.headers, sessionTimerAnswer(request.headers), contact);
  try {
    response.send(answer.status, answer.reason, options);
  } catch {
    response.send(Math.floor(answer.status / 100) * 100, answer.reason, options);
  }
}

/** Sends the ACK that carries the answer to a late offer. */
function acknowledge(ack: Acknowledge, request: SrfRequest): void {
  const { body } = request;
  const contentType = request.headers['content-type'];
  if (!body) ack();
  else ack({ body, headers: contentType ? { 'content-type': contentType } : {} });
}

/** @returns headers and body of a response, for the other leg */
export function passed(response: SrfResponse): { headers: Headers; body?: string } {
  const headers = passHeaders(response.headers);
  return response.body ? { headers, body: response.body } : { headers };
}
