import { dialogAsCaller, learnedFrom } from '../../sip/dialog.ts';
import { type Credentials, DigestClient } from '../../sip/digest/client.ts';
import { createRequest, newCallId, newTag } from '../../sip/message/build.ts';
import type { HeaderLine } from '../../sip/message/headers.ts';
import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import { headerOf } from '../../sip/text.ts';
import type { ClientTransaction, Incoming, Target } from '../sip-stack/index.ts';
import { Dialog } from './dialog.ts';
import { Media, type MediaSource } from './media/media.ts';
import { allowHeader, Session, type SessionHost, sdpHeader } from './session.ts';

export interface OutgoingCallOptions {
  /** Request-URI and To, e.g. `sip:room@example.org`. */
  uri: string;
  /** `"Name" <sip:user@domain>`, without a tag. */
  from: string;
  /** Where the INVITE goes. */
  target: Target;
  contact: string;
  /** IPv4 address for the audio. */
  address: string;
  media: MediaSource;
  /** Send the INVITE without an offer; the answer to the peer's then comes with the ACK. */
  lateOffer?: boolean;
  credentials?: Credentials;
  /** Proxy-Authorization of the first INVITE, before any challenge: this edge asks only who has shown credentials. */
  authorization?: string;
  callId?: string;
  headers?: readonly HeaderLine[];
  onProgress?(response: SipResponse): void;
}

/** What came of the INVITE. */
export type CallResult =
  | { result: 'answered'; session: Session; response: SipResponse }
  | { result: 'refused'; response: SipResponse }
  /** A `SipTransactionError` where nobody answered, the system's where no audio port could be had. */
  | { result: 'failed'; error: Error };

/** A call of ours until it is answered or refused. */
export class OutgoingCall {
  readonly callId: string;
  readonly result: Promise<CallResult>;

  readonly #host: SessionHost & { begun(session: Session): void };
  readonly #options: OutgoingCallOptions;
  readonly #digest: DigestClient | undefined;
  readonly #from: string;
  #settle: (result: CallResult) => void = () => {};
  #transaction: ClientTransaction | undefined;
  #tries = 0;
  #cancelled = false;
  /** Per To tag, the ACK of its 2xx: sent again for each retransmission. */
  readonly #acks = new Map<string, { ack: Buffer; target: Target }>();

  constructor(host: SessionHost & { begun(session: Session): void }, options: OutgoingCallOptions) {
    this.#host = host;
    this.#options = options;
    this.callId = options.callId ?? newCallId();
    this.#from = `${headerOf(options.from)};tag=${newTag()}`;
    this.#digest = options.credentials && new DigestClient(options.credentials);
    this.result = new Promise((resolve) => {
      this.#settle = resolve;
    });
    Media.open(options.address, options.media).then(
      (media) => this.#invite(media),
      (error: Error) => this.#settle({ result: 'failed', error }),
    );
  }

  /** Gives up. The result is then normally a refusal with 487. */
  cancel(): void {
    this.#cancelled = true;
    this.#transaction?.cancel();
  }

  #invite(media: Media): void {
    const { contact, target, lateOffer, headers = [] } = this.#options;
    const uri = headerOf(this.#options.uri);
    const request = createRequest({
      method: 'INVITE',
      uri,
      from: this.#from,
      to: `<${uri}>`,
      callId: this.callId,
      cseq: ++this.#tries,
      headers: [
        ['Contact', contact],
        allowHeader,
        ...this.#authorization(uri),
        ...headers,
        ...(lateOffer ? [] : [sdpHeader]),
      ],
      body: lateOffer ? '' : media.offer(),
    });
    this.#transaction = this.#host.endpoint.sendRequest(request, target, {
      onResponse: (response) => this.#answered(request, response, media),
      onError: (error) => {
        media.close();
        this.#settle({ result: 'failed', error });
      },
    });
    if (this.#cancelled) this.#transaction.cancel();
  }

  #authorization(uri: string): readonly HeaderLine[] {
    const { authorization } = this.#options;
    if (this.#tries === 1 && authorization !== undefined) return [['Proxy-Authorization', authorization]];
    return this.#digest?.header('INVITE', uri) ?? [];
  }

  #answered(invite: SipRequest, incoming: Incoming<SipResponse>, media: Media): void {
    const { message } = incoming;
    const { status, headers } = message;
    if (status < 200) this.#options.onProgress?.(message);
    else if (status < 300) this.#accepted(invite, incoming, media);
    else if (!this.#cancelled && this.#digest?.challenged(status, headers, this.#tries)) this.#invite(media);
    else {
      media.close();
      this.#settle({ result: 'refused', response: message });
    }
  }

  #accepted(invite: SipRequest, { message, envelope, source }: Incoming<SipResponse>, media: Media): void {
    const { endpoint } = this.#host;
    const tag = envelope.toTag ?? '';
    const known = this.#acks.get(tag);
    if (known) {
      endpoint.sendBytes(known.ack, known.target);
      return;
    }
    const forked = this.#acks.size > 0;
    const early = dialogAsCaller(invite);
    const state = { ...early, ...learnedFrom(message, early) };
    const dialog = new Dialog(state, this.#options.contact, source, this.#tries);
    const described = message.body.toString();
    const ack = dialog.ack(this.#tries);
    if (this.#options.lateOffer && !forked) {
      const answer = media.answer(described);
      if (answer !== undefined) {
        ack.headers.append(...sdpHeader);
        ack.body = Buffer.from(answer);
      }
    } else if (!forked) media.take(described);
    const { target } = dialog;
    this.#acks.set(tag, { ack: endpoint.sendAck(ack, target), target });
    if (forked) {
      // One call is enough: a second answer of a fork is ended (RFC 3261 13.2.2.4).
      endpoint.sendRequest(dialog.request('BYE'), target, { onResponse() {}, onError() {} });
      return;
    }
    const session = new Session(this.#host, dialog, media);
    this.#host.begun(session);
    // CANCEL crossed the 200: the call has come about, so only BYE ends it.
    if (this.#cancelled) void session.hangUp();
    this.#settle({ result: 'answered', session, response: message });
  }
}
