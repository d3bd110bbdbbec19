import { parseCSeq } from '../../sip/cseq.ts';
import { isInternal } from '../drachtio/peer.ts';
import { sendStatus } from '../drachtio/send-status.ts';
import { isPassable } from '../drachtio/size-limit.ts';
import type { Acknowledge, Headers, SrfRequest, SrfResponse } from '../drachtio/srf.ts';
import { type Passed, passed, passHeaders, reasonIn } from './leg/headers.ts';
import { type Description, describedBy, type Leg, type SendFailure, sendWhileConnected } from './leg/leg.ts';
import { allowedInCall, relayedMethods } from './leg/methods.ts';
import { unsupportedOptions } from './leg/options.ts';

export interface RelayListener {
  /** A re-INVITE without an offer was answered by one: this side's ACK brings the answer to the other. */
  awaitsAck(from: Leg, ack: Acknowledge): void;
  /** The other side's dialog is gone. */
  onGone(leg: Leg): void;
  isOver(): boolean;
  /** The body of a message of this side as it goes on. */
  bodyOf(from: Leg, message: SrfRequest | SrfResponse): string | undefined;
  /** The Contact that the 2xx to this request shall have, where it is not drachtio's. */
  contactFor(from: Leg, request: SrfRequest): Headers;
}

/** For who asks again in a moment: it could not be passed on now. */
export const tryAgain = { headers: { 'Retry-After': '2' } };
const refreshing: ReadonlySet<string> = new Set(['INVITE', 'UPDATE']);

/** One request within a call, from one leg to the other and its answer back. */
export class Relay {
  readonly #from: Leg;
  readonly #to: Leg;
  readonly #request: SrfRequest;
  readonly #response: SrfResponse;
  readonly #listener: RelayListener;
  readonly #body: string | undefined;
  #sent: SrfRequest | undefined;
  /** What its CANCEL says, where its sender has given it up. */
  #cancelled: Headers | undefined;

  constructor(from: Leg, to: Leg, request: SrfRequest, response: SrfResponse, listener: RelayListener) {
    this.#from = from;
    this.#to = to;
    this.#request = request;
    this.#response = response;
    this.#listener = listener;
    this.#body = listener.bodyOf(from, request);
  }

  start(): void {
    const { method, headers } = this.#request;
    const unsupported = unsupportedOptions(headers.require);
    if (!relayedMethods.has(method)) this.#response.send(405, { headers: { Allow: allowedInCall } });
    else if (!isPassable(this.#request)) sendStatus(this.#response, 513, 'Message Too Large', {});
    else if (unsupported) this.#response.send(420, { headers: { Unsupported: unsupported } });
    else {
      if (method === 'INVITE') this.#request.once('cancel', ({ headers }) => this.#cancel(reasonIn(headers)));
      this.#to.request(method, this.#headers(headers), this.#body, {
        sent: (request) => this.#onSent(request),
        answer: (answer, ack) => this.#onAnswer(answer, ack),
        failed: (failure) => this.#onFailure(failure),
      });
    }
  }

  get isOpen(): boolean {
    return !this.#response.finalResponseSent;
  }

  /** The call is over: what one side has asked gets its answer now (RFC 3261 15.1.2), whether the other says more or not. */
  end(): void {
    if (this.isOpen) this.#response.send(487);
  }

  #headers(given: Readonly<Headers>): Headers {
    const headers = passHeaders(given);
    if (headers.event) headers.event = this.#from.refers.eventThere(headers.event);
    return refreshing.has(this.#request.method) ? this.#to.timer.inRequest(headers) : headers;
  }

  #passed(answer: SrfResponse): Passed {
    return passed(answer, this.#listener.bodyOf(this.#to, answer));
  }

  #onSent(request: SrfRequest): void {
    this.#sent = request;
    const { method, headers } = this.#request;
    if (method === 'REFER') this.#to.refers.add(request.headers.cseq, headers.cseq);
    if (this.#cancelled) this.#to.cancel(request, this.#cancelled);
  }

  /** Who sent the re-INVITE gives it up: the other side must not change its media for it (RFC 3261 9.1, 14.1). */
  #cancel(said: Headers): void {
    this.#cancelled = said;
    if (this.#sent) this.#to.cancel(this.#sent, said);
  }

  #onFailure(failure: SendFailure): void {
    if (failure === 'not-sent') this.#response.send(500, tryAgain);
    else {
      this.#response.send(481);
      this.#listener.onGone(this.#to);
    }
  }

  #onAnswer(answer: SrfResponse, ack: Acknowledge): void {
    if (answer.status < 200) return;
    // drachtio's own answer says nothing of the other side: whether that is gone, the keepalive finds out.
    if (isInternal(answer)) this.#response.send(500, tryAgain);
    else if (answer.status >= 300 || !refreshing.has(this.#request.method))
      sendStatus(this.#response, answer.status, answer.reason, this.#passed(answer));
    else this.#accept(answer, ack);
  }

  /** A 2xx to INVITE or UPDATE: target, timer and, once the other side has it as well, the description are new. */
  #accept(answer: SrfResponse, ack: Acknowledge): void {
    const { method, headers } = this.#request;
    const from = this.#from;
    const to = this.#to;
    const toldBefore = to.told;
    to.refreshed(answer.headers);
    to.timer.answered(answer.headers);
    from.refreshed(headers);
    const options = this.#passed(answer);
    to.told = describedBy(this.#request, this.#body) ?? to.told;
    from.told = describedBy(answer, options.body) ?? from.told;
    const contact = this.#listener.contactFor(from, this.#request);
    options.headers = { ...from.timer.inAnswer(options.headers, headers), ...contact };
    const acknowledge = withCSeq(answer, ack);
    if (method === 'INVITE' && (this.#body || this.#listener.isOver())) acknowledge();
    sendStatus(this.#response, answer.status, answer.reason, options, (error) => {
      if (method !== 'INVITE' || this.#listener.isOver()) return;
      if (error) this.#undo(toldBefore, acknowledge);
      // The answer to an offer that came with the 200 comes with this side's ACK: the other side's ACK waits for it.
      else if (!this.#body) this.#listener.awaitsAck(from, acknowledge);
    });
  }

  /** It was given up just before: the other side is told what it had been told before. */
  #undo(told: Description | undefined, acknowledge: Acknowledge): void {
    const to = this.#to;
    to.told = told;
    const { headers = {} } = told ?? {};
    if (!this.#body) acknowledge(told && { body: told.body, headers });
    else if (told) {
      to.request('INVITE', to.timer.inRequest(headers), told.body, {
        answer: (answer, ack) => {
          if (answer.status >= 200 && answer.status < 300) withCSeq(answer, ack)();
        },
        failed: () => {},
      });
    }
  }
}

/** drachtio gives an ACK the CSeq of the last request on its leg, which another may have been since. */
function withCSeq(answer: SrfResponse, ack: Acknowledge): Acknowledge {
  const number = parseCSeq(answer.headers.cseq ?? '')?.number;
  const cseq: Headers = number === undefined ? {} : { cseq: `${number} ACK` };
  return (options = {}) =>
    sendWhileConnected(() => ack({ ...options, headers: { ...cseq, ...options.headers } }));
}
