import { type HeaderLine, SipHeaders } from '../../sip/message/headers.ts';
import { noBody, type SipRequest, type SipResponse } from '../../sip/message/message.ts';
import { serialize } from '../../sip/message/serialize.ts';
import type { SipTimers, Timer, Timers } from './timers.ts';
import type { Incoming, Target, TcpConnectionRef } from './transport/transport.ts';

/** A request that got no final answer: nobody answered in time, or it could not be sent. */
export class SipTransactionError extends Error {
  override readonly name = 'SipTransactionError';
  readonly kind: 'timeout' | 'transport';

  constructor(kind: 'timeout' | 'transport', message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface ClientHandlers {
  /**
   * Each answer: provisional ones, the final one, and every further 2xx to an INVITE (a retransmission wants its ACK
   * again, RFC 3261 13.2.2.4). Retransmissions of other finals are absorbed, and their ACK is sent here.
   */
  onResponse(response: Incoming<SipResponse>): void;
  /** No final answer will come. */
  onError(error: SipTransactionError): void;
}

/** What a client transaction needs of the endpoint. */
export interface ClientTransactionHost {
  timers: Timers;
  settings: SipTimers;
  /**
   * `failed` is called later where the message certainly did not leave.
   * @returns the TCP connection used
   */
  send(bytes: Buffer, target: Target, failed: (error: Error) => void): TcpConnectionRef | undefined;
  /** Nobody has answered for T1: looks whether anybody can, and calls `failed` where certainly not. */
  doubt(target: Target, failed: (error: Error) => void): void;
  /** Sends a CANCEL as a transaction of its own with the given branch; its answer does not matter. */
  sendCancel(cancel: SipRequest, target: Target): void;
  remove(transaction: ClientTransaction): void;
}

export type ClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/** A request of ours and its answers (RFC 3261 17.1, RFC 6026). */
export class ClientTransaction {
  /** As sent, with its Via. */
  readonly request: SipRequest;
  readonly branch: string;
  readonly target: Target;
  readonly isInvite: boolean;
  /** The request as it goes out. */
  readonly bytes: Buffer;
  state: ClientState = 'calling';
  /** The TCP connection that carried the request. */
  connection: TcpConnectionRef | undefined;

  private readonly handlers: ClientHandlers;
  private readonly host: ClientTransactionHost;
  private ack: Buffer | undefined;
  private cancelling: SipRequest | undefined;
  private repeat: Timer | undefined;
  private end: Timer | undefined;

  constructor(
    request: SipRequest,
    branch: string,
    target: Target,
    handlers: ClientHandlers,
    host: ClientTransactionHost,
  ) {
    this.request = request;
    this.branch = branch;
    this.target = target;
    this.isInvite = request.method === 'INVITE';
    this.handlers = handlers;
    this.host = host;
    this.bytes = serialize(request);
  }

  /** Sends the request and starts the clocks. Called once, by the endpoint. */
  start(): void {
    const { settings, timers } = this.host;
    this.end = timers.after(64 * settings.t1Ms, () => this.fail('timeout', 'no answer'));
    if (!this.reliable) this.repeatAfter(settings.t1Ms);
    this.connection = this.host.send(this.bytes, this.target, (error) =>
      this.fail('transport', error.message),
    );
  }

  /**
   * Gives up an INVITE (RFC 3261 9.1): the CANCEL leaves after the first provisional answer; a final answer still
   * comes to `onResponse`, normally 487, and may be a 200 that crossed.
   * @param headers more headers for the CANCEL, e.g. Reason
   * @returns the CANCEL, or undefined where the transaction has its final answer
   */
  cancel(headers: readonly HeaderLine[] = []): SipRequest | undefined {
    if (!this.isInvite || (this.state !== 'calling' && this.state !== 'proceeding')) return undefined;
    if (this.cancelling) return this.cancelling;
    this.cancelling = this.sameTransaction('CANCEL', this.request.headers.get('to') as string);
    for (const [name, value] of headers) this.cancelling.headers.append(name, value);
    if (this.state === 'proceeding') this.sendCancel();
    return this.cancelling;
  }

  /** An answer with our branch came. Called by the endpoint. */
  received(incoming: Incoming<SipResponse>): void {
    const { status } = incoming.message;
    if (status < 200) this.receivedProvisional(incoming);
    else if (this.isInvite) this.receivedInviteFinal(incoming);
    else this.receivedFinal(incoming);
  }

  /** The connection that carried the request is gone: no answer can be expected any more. Called by the endpoint. */
  connectionLost(error: Error | undefined): void {
    this.fail('transport', error?.message ?? 'connection closed');
  }

  private get reliable(): boolean {
    return this.target.protocol === 'tcp';
  }

  private receivedProvisional(incoming: Incoming<SipResponse>): void {
    if (this.state !== 'calling' && this.state !== 'proceeding') return;
    const first = this.state === 'calling';
    this.state = 'proceeding';
    if (this.isInvite && first) {
      this.repeat?.cancel();
      this.end?.cancel();
      if (this.cancelling) this.sendCancel();
    }
    this.handlers.onResponse(incoming);
  }

  private receivedFinal(incoming: Incoming<SipResponse>): void {
    if (this.state === 'completed') return;
    this.state = 'completed';
    // Timer K: what comes again within T4 is absorbed.
    this.lingerFor(this.reliable ? 0 : this.host.settings.t4Ms);
    this.handlers.onResponse(incoming);
  }

  private receivedInviteFinal(incoming: Incoming<SipResponse>): void {
    const { settings } = this.host;
    if (incoming.message.status < 300) {
      if (this.state === 'completed') return;
      if (this.state !== 'accepted') {
        this.state = 'accepted';
        this.lingerFor(64 * settings.t1Ms);
      }
      this.handlers.onResponse(incoming);
      return;
    }
    if (this.state === 'accepted') return;
    if (this.state !== 'completed') {
      this.state = 'completed';
      this.ack = serialize(this.sameTransaction('ACK', incoming.message.headers.get('to') as string));
      this.lingerFor(this.reliable ? 0 : Math.max(64 * settings.t1Ms, settings.t4Ms));
      this.sendAck();
      this.handlers.onResponse(incoming);
    } else this.sendAck();
  }

  private sendAck(): void {
    // The other side repeats its answer where this is lost.
    if (this.ack) this.host.send(this.ack, this.target, () => {});
  }

  private sendCancel(): void {
    if (!this.cancelling) return;
    this.host.sendCancel(this.cancelling, this.target);
    // RFC 3261 9.1: without a final answer within 64*T1 the transaction counts as cancelled.
    this.end?.cancel();
    this.end = this.host.timers.after(64 * this.host.settings.t1Ms, () =>
      this.fail('timeout', 'no answer to CANCEL'),
    );
  }

  /** CANCEL, and ACK to a non-2xx: same URI, Via, Call-ID, From, CSeq number and Route (RFC 3261 9.1, 17.1.1.3). */
  private sameTransaction(method: 'ACK' | 'CANCEL', to: string): SipRequest {
    const from = this.request.headers;
    const headers = new SipHeaders();
    headers.append('Via', from.get('via') as string);
    for (const route of from.getAll('route')) headers.append('Route', route);
    headers.append('Max-Forwards', '70');
    headers.append('From', from.get('from') as string);
    headers.append('To', to);
    headers.append('Call-ID', from.get('call-id') as string);
    headers.append('CSeq', `${Number.parseInt(from.get('cseq') as string, 10)} ${method}`);
    return { kind: 'request', method, uri: this.request.uri, headers, body: noBody };
  }

  private repeatAfter(ms: number): void {
    this.repeat = this.host.timers.after(ms, () => {
      if (this.state === 'calling' && ms === this.host.settings.t1Ms) {
        this.host.doubt(this.target, (error) => this.fail('transport', error.message));
      }
      this.host.send(this.bytes, this.target, (error) => this.fail('transport', error.message));
      if (this.state === 'terminated') return;
      const { t2Ms } = this.host.settings;
      // An INVITE doubles without limit until timer B; others are capped, and at T2 once they are being worked on.
      const next = this.isInvite ? ms * 2 : this.state === 'proceeding' ? t2Ms : Math.min(ms * 2, t2Ms);
      this.repeatAfter(next);
    });
  }

  private lingerFor(ms: number): void {
    this.repeat?.cancel();
    this.end?.cancel();
    if (ms === 0) this.terminate();
    else this.end = this.host.timers.after(ms, () => this.terminate());
  }

  private fail(kind: 'timeout' | 'transport', message: string): void {
    if (this.state !== 'calling' && this.state !== 'proceeding') return;
    this.terminate();
    this.handlers.onError(new SipTransactionError(kind, message));
  }

  private terminate(): void {
    this.state = 'terminated';
    this.repeat?.cancel();
    this.end?.cancel();
    this.host.remove(this);
  }
}
