import { dialogAsCallee } from '../../sip/dialog.ts';
import type { HeaderLine } from '../../sip/message/headers.ts';
import type { SipRequest } from '../../sip/message/message.ts';
import { type NameAddr, parseNameAddr } from '../../sip/name-addr.ts';
import type { ServerTransaction } from '../sip-stack/index.ts';
import { Dialog } from './dialog.ts';
import { Media, type MediaSource } from './media/media.ts';
import { allowHeader, Session, type SessionHost, sdpHeader } from './session.ts';

/** A call to us until it is answered, refused or given up. */
export class IncomingCall {
  /** Called where the caller gives up before the answer. */
  onCancelled: (() => void) | undefined;

  readonly #host: SessionHost & { begun(session: Session): void };
  readonly #transaction: ServerTransaction;
  readonly #contact: string;
  readonly #address: string;

  /** @param address IPv4 address for the audio */
  constructor(
    host: SessionHost & { begun(session: Session): void },
    transaction: ServerTransaction,
    contact: string,
    address: string,
  ) {
    this.#host = host;
    this.#transaction = transaction;
    this.#contact = contact;
    this.#address = address;
    transaction.onCancel = () => {
      transaction.reply({ status: 487 });
      this.onCancelled?.();
    };
  }

  get request(): SipRequest {
    return this.#transaction.incoming.message;
  }

  get callId(): string {
    return this.#transaction.incoming.envelope.callId;
  }

  /** The From, where it can be read. */
  get from(): NameAddr | undefined {
    return parseNameAddr(this.request.headers.get('from') ?? '');
  }

  ring(): void {
    this.#transaction.reply({ status: 180, headers: [['Contact', this.#contact]] });
  }

  reject(status: number, headers: readonly HeaderLine[] = []): void {
    this.#transaction.reply({ status, headers });
  }

  /** @returns the call, or undefined where it was given up meanwhile or its offer cannot be spoken here */
  async answer(source: MediaSource): Promise<Session | undefined> {
    const media = await Media.open(this.#address, source);
    const offered = this.request.body.length > 0 ? this.request.body.toString() : undefined;
    const body = offered === undefined ? media.offer() : media.answer(offered);
    if (body === undefined) this.reject(488);
    if (body === undefined || !this.#transaction.pending) {
      media.close();
      return undefined;
    }
    const { message, envelope, source: peer } = this.#transaction.incoming;
    const state = dialogAsCallee(message, this.#transaction.localTag);
    const dialog = new Dialog(state, this.#contact, peer, 0);
    dialog.remoteCSeq = envelope.cseq.number;
    const session = new Session(this.#host, dialog, media);
    this.#host.begun(session);
    this.#transaction.reply({
      status: 200,
      headers: [['Contact', this.#contact], allowHeader, sdpHeader],
      body,
    });
    session.answered(this.#transaction, offered === undefined);
    return session;
  }
}
