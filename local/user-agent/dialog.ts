import { isIP } from 'node:net';
import { createRequest } from '../../sip/build.ts';
import type { SipHeaders } from '../../sip/headers.ts';
import type { SipRequest } from '../../sip/message.ts';
import { parseNameAddr, tagOf } from '../../sip/name-addr.ts';
import { listOf } from '../../sip/parameters.ts';
import { parseSipUri } from '../../sip/uri.ts';
import type { Target } from '../sip-stack/index.ts';

export type HeaderLine = readonly [name: string, value: string];

export interface DialogState {
  callId: string;
  /** Our From or To with our tag, and the peer's with its tag, as header values. */
  local: string;
  remote: string;
  /** The peer's Contact. */
  remoteTarget: string;
  /** Route set, nearest first (RFC 3261 12.1). */
  routes: readonly string[];
  /** Last sequence number of ours, 0 for none. */
  localCSeq: number;
  /** Where the peer was last heard from: used where its Contact cannot be reached as written. */
  peer: Target;
  contact: string;
}

/** A dialog as a user agent keeps it (RFC 3261 12): what a request within it says and where it goes. */
export class Dialog {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly contact: string;
  readonly routes: readonly string[];
  remoteTarget: string;
  peer: Target;
  remoteCSeq = 0;
  #localCSeq: number;

  constructor(state: DialogState) {
    this.callId = state.callId;
    this.local = state.local;
    this.remote = state.remote;
    this.contact = state.contact;
    this.routes = state.routes;
    this.remoteTarget = state.remoteTarget;
    this.peer = state.peer;
    this.#localCSeq = state.localCSeq;
  }

  get localTag(): string | undefined {
    return tagOf(this.local);
  }

  get remoteTag(): string | undefined {
    return tagOf(this.remote);
  }

  /** @returns the next request of ours within the dialog */
  request(method: string, headers: readonly HeaderLine[] = [], body: Buffer | string = ''): SipRequest {
    return this.#build(method, ++this.#localCSeq, headers, body);
  }

  /** @param cseq the number of the INVITE that was answered */
  ack(cseq: number): SipRequest {
    return this.#build('ACK', cseq, [], '');
  }

  #build(method: string, cseq: number, headers: readonly HeaderLine[], body: Buffer | string): SipRequest {
    return createRequest({
      method,
      uri: this.remoteTarget,
      from: this.local,
      to: this.remote,
      callId: this.callId,
      cseq,
      headers: [
        ...this.routes.map((route) => ['Route', route] as const),
        ['Contact', this.contact],
        ...headers,
      ],
      body,
    });
  }

  /** Where the next request goes: the first route, else the peer's Contact (RFC 3261 12.2.1.1). */
  get target(): Target {
    const [route] = this.routes;
    return targetOf(route === undefined ? this.remoteTarget : (parseNameAddr(route)?.uri ?? ''), this.peer);
  }

  /** A Contact within the dialog moves the peer (target refresh, RFC 3261 12.2.1.2). */
  refreshTarget(headers: SipHeaders): void {
    const contact = contactUri(headers);
    if (contact !== undefined) this.remoteTarget = contact;
  }
}

/** @returns the URI of the first Contact, or undefined */
export function contactUri(headers: SipHeaders): string | undefined {
  const [first] = listOf(headers.getAll('contact'));
  return first === undefined ? undefined : parseNameAddr(first)?.uri;
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
