import { contactUri } from '../../../sip/dialog.ts';
import { createResponse, newCallId, newTag } from '../../../sip/message/build.ts';
import type { SipRequest, SipResponse } from '../../../sip/message/message.ts';
import { tagOf } from '../../../sip/name-addr.ts';
import { type Content, type Fields, linesOf, ReceivedRequest, type ReceivedResponse } from './message.ts';
import type { RawPeer } from './raw-peer.ts';

type InDialog = Content & { cseq?: number };

/** What a caller may say of itself. */
export interface Caller {
  /** Without its tag. */
  from?: string;
  tag?: string;
  callId?: string;
}

/** One side of a dialog, as the peer keeps it. */
export class SipDialog {
  readonly peer: RawPeer;
  readonly callId: string;
  /** From of our requests, with its tag. */
  readonly local: string;
  remote: string;
  /** Request-URI: the other side's Contact. */
  target: string;
  #cseq = 0;

  constructor(peer: RawPeer, of: { callId: string; local: string; remote: string; target: string }) {
    this.peer = peer;
    this.callId = of.callId;
    this.local = of.local;
    this.remote = of.remote;
    this.target = of.target;
  }

  /** The dialog that a call of ours would begin, of which nothing is sent yet. */
  static outside(
    peer: RawPeer,
    uri: string,
    { from = '"Ann" <sip:ann@127.0.0.1>', tag = newTag(), callId = newCallId() }: Caller = {},
  ): SipDialog {
    const local = `${from};tag=${tag}`;
    return new SipDialog(peer, { callId, local, remote: `<${uri}>`, target: uri });
  }

  /** @returns a request that is not sent yet */
  build(method: string, { cseq = ++this.#cseq, headers, ...more }: InDialog = {}): SipRequest {
    return this.peer.build({
      method,
      uri: this.target,
      from: this.local,
      to: this.remote,
      callId: this.callId,
      cseq,
      headers: { Contact: `<${this.peer.contact}>`, ...headers },
      ...more,
    });
  }

  send(method: string, content: InDialog = {}): SipRequest {
    return this.peer.send(this.build(method, content));
  }

  /** Sends a request and waits for its final answer; acknowledges that of an INVITE unless told not to. */
  async ask(method: string, content: InDialog & { noAck?: true } = {}): Promise<ReceivedResponse> {
    const { noAck, ...rest } = content;
    const request = this.send(method, rest);
    const answer = await this.peer.answer(request);
    if (method === 'INVITE' && !noAck) {
      if (answer.status < 300) this.acknowledge(answer);
      else this.refuse(request, answer);
    }
    return answer;
  }

  bye(): Promise<ReceivedResponse> {
    return this.ask('BYE');
  }

  /** Takes tag and Contact of a 2xx and acknowledges it. */
  acknowledge(answer: ReceivedResponse, content: Content = {}): void {
    this.remote = answer.header('to');
    this.target = contactUri(answer.headers) ?? this.target;
    this.send('ACK', { ...content, cseq: answer.cseq });
  }

  /** The ACK of a final answer that is no 2xx: within the INVITE's own transaction. */
  refuse(invite: SipRequest, answer: ReceivedResponse): void {
    this.peer.send(sibling('ACK', invite, answer.header('to')));
  }

  cancel(invite: SipRequest, headers: Fields = {}): SipRequest {
    const cancel = sibling('CANCEL', invite);
    for (const [name, value] of linesOf({ headers })) cancel.headers.append(name, value);
    return this.peer.send(cancel);
  }
}

/** ACK or CANCEL within an INVITE's transaction (RFC 3261 9.1, 17.1.1.3). */
function sibling(method: 'ACK' | 'CANCEL', { uri, headers }: SipRequest, to?: string): SipRequest {
  const copied = headers.clone();
  for (const name of ['contact', 'content-type']) copied.remove(name);
  copied.set('CSeq', `${Number.parseInt(headers.get('cseq') ?? '', 10)} ${method}`);
  if (to !== undefined) copied.set('To', to);
  return { kind: 'request', method, uri, headers: copied, body: Buffer.alloc(0) };
}

/** An INVITE that the peer sent, until its final answer. */
export class OutgoingCall {
  readonly dialog: SipDialog;
  readonly invite: SipRequest;

  constructor(peer: RawPeer, uri: string, { from, tag, callId, ...content }: Content & Caller = {}) {
    const caller = { ...(from && { from }), ...(tag && { tag }), ...(callId && { callId }) };
    this.dialog = SipDialog.outside(peer, uri, caller);
    this.invite = this.dialog.send('INVITE', content);
  }

  get callId(): string {
    return this.dialog.callId;
  }

  cancel(headers?: Fields): SipRequest {
    return this.dialog.cancel(this.invite, headers);
  }

  /** @returns the answer with this status, or the first final one where no status is given */
  answer(status?: number): Promise<ReceivedResponse> {
    return this.dialog.peer.answer(this.invite, status);
  }

  /** Waits for the refusal and acknowledges it. @param status the very one */
  async refusal(status?: number): Promise<ReceivedResponse> {
    const refusal = await this.answer(status);
    this.dialog.refuse(this.invite, refusal);
    return refusal;
  }

  /** Waits for the 200 and acknowledges it. */
  async established(ack: Content = {}): Promise<ReceivedResponse> {
    const answer = await this.answer(200);
    this.dialog.acknowledge(answer, ack);
    return answer;
  }

  /** The early dialog of a provisional answer. */
  early(answer: ReceivedResponse): SipDialog {
    this.dialog.remote = answer.header('to');
    this.dialog.target = contactUri(answer.headers) ?? this.dialog.target;
    return this.dialog;
  }
}

/** A request that came, in or out of a dialog. */
export class IncomingRequest extends ReceivedRequest {
  /** The To tag of its answers, where it has none. */
  readonly tag = newTag();
  readonly #peer: RawPeer;

  constructor(peer: RawPeer, request: ReceivedRequest) {
    super(request, request.raw);
    this.#peer = peer;
  }

  /** Answers; sent again by `peer.send`, the answer is a retransmission. */
  reply(status: number, content: Content & { reason?: string } = {}): SipResponse {
    const { body, reason } = content;
    return this.#peer.send(
      createResponse(this, {
        status,
        ...(status > 100 && { toTag: this.tag }),
        ...(reason !== undefined && { reason }),
        ...(body !== undefined && { body }),
        headers: linesOf(content, status > 100 ? { Contact: `<${this.#peer.contact}>` } : {}),
      }),
    );
  }

  /** @returns the ACK of a final answer to this INVITE */
  ack(): Promise<ReceivedRequest> {
    const callId = this.header('call-id');
    return this.#peer.next(
      'ACK',
      (message): message is ReceivedRequest =>
        message.kind === 'request' &&
        message.method === 'ACK' &&
        message.header('call-id') === callId &&
        message.cseq === this.cseq,
    );
  }

  /** Answers 200 and waits for the ACK. */
  async accept(content: Content = {}): Promise<ReceivedRequest> {
    this.reply(200, content);
    return this.ack();
  }

  /** This side of the dialog that the INVITE makes. */
  dialog(): SipDialog {
    const to = this.header('to');
    return new SipDialog(this.#peer, {
      callId: this.header('call-id'),
      local: tagOf(to) === undefined ? `${to};tag=${this.tag}` : to,
      remote: this.header('from'),
      target: contactUri(this.headers) ?? '',
    });
  }
}
