import type { HeaderLine } from '../../sip/message/headers.ts';
import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import type { Incoming, ServerTransaction, SipEndpoint } from '../sip-stack/index.ts';
import { repeatUntilAck } from '../sip-stack/index.ts';
import type { Dialog } from './dialog.ts';
import type { Media } from './media/media.ts';

/** How an answered call came to its end. */
export interface SessionEnd {
  by: 'local' | 'remote';
  /** `no-ack`: our 200 was never acknowledged; `lost`: the peer knows the call no more, or does not answer. */
  cause: 'bye' | 'no-ack' | 'lost';
  /** The BYE, where one came. */
  bye?: SipRequest;
}

/** What a session needs of the user agent. */
export interface SessionHost {
  endpoint: SipEndpoint;
  ended(session: Session): void;
}

const allow = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REFER, MESSAGE, NOTIFY';
export const allowHeader: HeaderLine = ['Allow', allow];
export const sdpHeader: HeaderLine = ['Content-Type', 'application/sdp'];

/** An answered call, from either side. */
export class Session {
  readonly dialog: Dialog;
  readonly media: Media;
  readonly ended: Promise<SessionEnd>;
  /** Each request of the peer within the call, before it is answered. */
  onRequest: ((request: SipRequest) => void) | undefined;

  readonly #host: SessionHost;
  #settleEnded: (end: SessionEnd) => void = () => {};
  #over = false;
  /** Stops the repetition of a 2xx, by the CSeq number of its INVITE. */
  readonly #awaitingAck = new Map<number, { stop: () => void; offered: boolean }>();
  #inviting = false;

  constructor(host: SessionHost, dialog: Dialog, media: Media) {
    this.#host = host;
    this.dialog = dialog;
    this.media = media;
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
  }

  get over(): boolean {
    return this.#over;
  }

  /**
   * Ends the call.
   * @param headers e.g. Reason
   * @returns when the BYE was answered, or nobody answered it
   */
  async hangUp(headers: readonly HeaderLine[] = []): Promise<void> {
    if (this.#over) return;
    const bye = this.request('BYE', headers);
    this.#end({ by: 'local', cause: 'bye' });
    await bye.catch(() => {});
  }

  /**
   * Sends a request within the call. An INVITE (with an offer of ours where `body` is empty) gets its ACK.
   * @returns the final answer
   * @throws SipTransactionError where none comes
   */
  async request(
    method: string,
    headers: readonly HeaderLine[] = [],
    body: Buffer | string = '',
  ): Promise<SipResponse> {
    const { endpoint } = this.#host;
    const invite = method === 'INVITE';
    const request = invite
      ? this.dialog.request(method, [...headers, sdpHeader], body || this.media.offer())
      : this.dialog.request(method, headers, body);
    const cseq = Number.parseInt(request.headers.get('cseq') as string, 10);
    const { target } = this.dialog;
    if (invite) this.#inviting = true;
    let ack: Buffer | undefined;
    try {
      return await new Promise((resolve, reject) => {
        endpoint.sendRequest(request, target, {
          onResponse: ({ message }) => {
            if (message.status < 200) return;
            if (invite && message.status < 300) {
              if (ack) return endpoint.sendBytes(ack, target);
              this.dialog.refreshTarget(message.headers);
              this.media.take(message.body.toString());
              ack = endpoint.sendAck(this.dialog.ack(cseq), this.dialog.target);
            }
            resolve(message);
          },
          onError: reject,
        });
      });
    } finally {
      if (invite) this.#inviting = false;
    }
  }

  /** The 200 to the peer's INVITE was sent. @param offered whether it carried our offer: the ACK then has the answer */
  answered(transaction: ServerTransaction, offered: boolean): void {
    const { endpoint } = this.#host;
    const { number } = transaction.incoming.envelope.cseq;
    const stop = repeatUntilAck(transaction, endpoint.timers, endpoint.settings, () => {
      this.#awaitingAck.delete(number);
      if (this.#over) return;
      this.request('BYE').catch(() => {});
      this.#end({ by: 'local', cause: 'no-ack' });
    });
    this.#awaitingAck.set(number, { stop, offered });
  }

  /** Called by the user agent. */
  receivedAck({ message, envelope }: Incoming<SipRequest>): void {
    const waiting = this.#awaitingAck.get(envelope.cseq.number);
    if (!waiting) return;
    waiting.stop();
    this.#awaitingAck.delete(envelope.cseq.number);
    if (waiting.offered) this.media.take(message.body.toString());
  }

  /** Called by the user agent with each request within the dialog. */
  received(transaction: ServerTransaction): void {
    const { message, envelope, source } = transaction.incoming;
    if (envelope.cseq.number <= this.dialog.remoteCSeq) {
      transaction.reply({ status: 500, reason: 'CSeq out of order' });
      return;
    }
    this.dialog.remoteCSeq = envelope.cseq.number;
    this.dialog.peer = source;
    this.onRequest?.(message);
    switch (message.method) {
      case 'BYE':
        transaction.reply({ status: 200 });
        this.#end({ by: 'remote', cause: 'bye', bye: message });
        return;
      case 'INVITE':
      case 'UPDATE':
        this.#renegotiate(transaction);
        return;
      case 'REFER':
        transaction.reply({ status: 202 });
        return;
      case 'OPTIONS':
      case 'INFO':
      case 'MESSAGE':
      case 'NOTIFY':
        transaction.reply({ status: 200, headers: [allowHeader] });
        return;
      default:
        transaction.reply({ status: 405, headers: [allowHeader] });
    }
  }

  /** The edge or the peer is gone: ends the call without a word. */
  lost(): void {
    this.#end({ by: 'remote', cause: 'lost' });
  }

  #renegotiate(transaction: ServerTransaction): void {
    const { message } = transaction.incoming;
    if (message.method === 'INVITE' && (this.#inviting || this.#awaitingAck.size > 0)) {
      transaction.reply({ status: 491 });
      return;
    }
    this.dialog.refreshTarget(message.headers);
    const offered = message.body.length > 0 ? message.body.toString() : undefined;
    if (offered === undefined && message.method === 'UPDATE') {
      transaction.reply({ status: 200, headers: [['Contact', this.dialog.contact]] });
      return;
    }
    const body = offered === undefined ? this.media.offer() : this.media.answer(offered);
    if (body === undefined) {
      transaction.reply({ status: 488 });
      return;
    }
    transaction.reply({
      status: 200,
      headers: [['Contact', this.dialog.contact], allowHeader, sdpHeader],
      body,
    });
    if (message.method === 'INVITE') this.answered(transaction, offered === undefined);
  }

  #end(end: SessionEnd): void {
    if (this.#over) return;
    this.#over = true;
    for (const { stop } of this.#awaitingAck.values()) stop();
    this.#awaitingAck.clear();
    this.media.close();
    this.#host.ended(this);
    this.#settleEnded(end);
  }
}
