import { isIP } from 'node:net';
import { contactUri, type DialogState, requestInDialog } from '../../sip/dialog.ts';
import type { HeaderLine, SipHeaders } from '../../sip/message/headers.ts';
import type { SipRequest } from '../../sip/message/message.ts';
import { parseNameAddr, tagOf } from '../../sip/name-addr.ts';
import { parseSipUri } from '../../sip/uri.ts';
import type { Target } from '../sip-stack/index.ts';

/** A dialog as a user agent keeps it (RFC 3261 12): what a request within it says and where it goes. */
export class Dialog {
  readonly contact: string;
  /** Where the peer was last heard from: used where its Contact cannot be reached as written. */
  peer: Target;
  remoteCSeq = 0;
  readonly #state: DialogState;
  #localCSeq: number;

  /** @param localCSeq last sequence number of ours, 0 for none */
  constructor(state: DialogState, contact: string, peer: Target, localCSeq: number) {
    this.#state = { ...state };
    this.contact = contact;
    this.peer = peer;
    this.#localCSeq = localCSeq;
  }

  get callId(): string {
    return this.#state.callId;
  }

  /** The peer's From or To with its tag, as a header value. */
  get remoteParty(): string {
    return this.#state.remoteParty;
  }

  get localTag(): string | undefined {
    return tagOf(this.#state.localParty);
  }

  /** @returns the next request of ours within the dialog */
  request(method: string, headers: readonly HeaderLine[] = [], body: Buffer | string = ''): SipRequest {
    return this.#build(method, ++this.#localCSeq, headers, body);
  }

  /** @param cseq the number of the INVITE that was answered */
  ack(cseq: number): SipRequest {
    return this.#build('ACK', cseq, [], '');
  }

  #build(method: string, cseq: number, more: readonly HeaderLine[], body: Buffer | string): SipRequest {
    return requestInDialog(this.#state, {
      method,
      cseq,
      headers: [['Contact', this.contact], ...more],
      body,
    });
  }

  /** Where the next request goes: the first route, else the peer's Contact (RFC 3261 12.2.1.1). */
  get target(): Target {
    const { routeSet, remoteTarget } = this.#state;
    const [route] = routeSet;
    return targetOf(route === undefined ? remoteTarget : (parseNameAddr(route)?.uri ?? ''), this.peer);
  }

  /** A Contact within the dialog moves the peer (target refresh, RFC 3261 12.2.1.2). */
  refreshTarget(headers: SipHeaders): void {
    this.#state.remoteTarget = contactUri(headers) ?? this.#state.remoteTarget;
  }
}

/**
 * @param uri where a request should go
 * @param peer where the other side was heard from: taken for a host name (there is no DNS here), and for its
 *   protocol where the URI names none
 */
function targetOf(uri: string, peer: Target): Target {
  const parsed = parseSipUri(uri);
  if (!parsed || isIP(parsed.host) === 0) return peer;
  const transport = parsed.params.get('transport')?.toLowerCase();
  const protocol = transport === 'tcp' || transport === 'udp' ? transport : peer.protocol;
  const port = parsed.port ?? 5060;
  const known = peer.protocol === protocol && peer.address === parsed.host && peer.port === port;
  return known ? peer : { protocol, address: parsed.host, port };
}
