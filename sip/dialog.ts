import { createRequest } from './message/build.ts';
import type { HeaderLine, SipHeaders } from './message/headers.ts';
import type { SipRequest, SipResponse } from './message/message.ts';
import { parseNameAddr } from './name-addr.ts';
import { listOf } from './parameters.ts';
import { parseSipUri } from './uri.ts';

/** What either end keeps of a dialog to say something in it (RFC 3261 12). */
export interface DialogState {
  callId: string;
  /** From and To of our requests, with tags. */
  localParty: string;
  remoteParty: string;
  /** URI of the peer's Contact. */
  remoteTarget: string;
  /** As name-addr, nearest first. */
  routeSet: readonly string[];
}

/**
 * @param invite that the peer sent (RFC 3261 12.1.1). Where it names no Contact, as RFC 2543 allowed, its From is taken
 * @param localTag the To tag of our answers
 */
export function dialogAsCallee({ headers }: SipRequest, localTag: string): DialogState {
  const from = headers.get('from') ?? '';
  return {
    callId: headers.get('call-id') ?? '',
    localParty: `${headers.get('to')};tag=${localTag}`,
    remoteParty: from,
    remoteTarget: contactUri(headers) ?? parseNameAddr(from)?.uri ?? '',
    routeSet: listOf(headers.getAll('record-route')),
  };
}

/** @param invite that we sent (RFC 3261 12.1.2); `learnedFrom` tells what its answer adds */
export function dialogAsCaller({ uri, headers }: SipRequest): DialogState {
  return {
    callId: headers.get('call-id') ?? '',
    localParty: headers.get('from') ?? '',
    remoteParty: headers.get('to') ?? '',
    remoteTarget: uri,
    routeSet: [],
  };
}

/**
 * @param answer to our INVITE, with a To tag (RFC 3261 12.1.2, 13.2.2.4)
 * @returns what it says of the dialog; the remote target stays where it names no Contact
 */
export function learnedFrom({ headers }: SipResponse, { remoteParty, remoteTarget }: DialogState) {
  return {
    remoteParty: headers.get('to') ?? remoteParty,
    remoteTarget: contactUri(headers) ?? remoteTarget,
    routeSet: listOf(headers.getAll('record-route')).reverse(),
  };
}

/** @returns the SIP URI of the first Contact, or undefined */
export function contactUri(headers: SipHeaders): string | undefined {
  const [first] = listOf(headers.getAll('contact'));
  const uri = first === undefined ? undefined : parseNameAddr(first)?.uri;
  return uri !== undefined && parseSipUri(uri) ? uri : undefined;
}

export interface RequestInDialog {
  method: string;
  /** For an ACK that of its INVITE. */
  cseq: number;
  /** Default: the peer's Contact. */
  uri?: string;
  headers?: readonly HeaderLine[];
  body?: Buffer | string;
}

/**
 * @returns a request within a dialog. A first route without `lr` is a strict router: it gets the request URI, and the
 *   peer's is the last of the routes (RFC 3261 12.2.1.1)
 * @throws SipHeaderError on a line break in a header
 */
export function requestInDialog(dialog: DialogState, { headers = [], ...of }: RequestInDialog): SipRequest {
  const target = of.uri ?? dialog.remoteTarget;
  const [first, ...others] = dialog.routeSet;
  const strict = first === undefined ? undefined : strictRouter(first);
  const routes = strict === undefined ? dialog.routeSet : [...others, `<${target}>`];
  return createRequest({
    from: dialog.localParty,
    to: dialog.remoteParty,
    callId: dialog.callId,
    ...of,
    uri: strict ?? target,
    headers: [...routes.map((route): HeaderLine => ['Route', route]), ...headers],
  });
}

function strictRouter(route: string): string | undefined {
  const uri = parseNameAddr(route)?.uri;
  return uri === undefined || parseSipUri(uri)?.params.has('lr') ? undefined : uri;
}
