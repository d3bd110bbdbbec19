import type { Envelope, SipRequest } from '../../sip/message/message.ts';
import { endOfFirstHop, parseVia, type Via } from '../../sip/via.ts';
import type { Incoming, Target } from './transport/transport.ts';

const magicCookie = 'z9hG4bK';

/**
 * @param method the transaction's: `INVITE` for the ACK and CANCEL of one
 * @returns what tells server transactions apart (RFC 3261 17.2.3). Call it before `noteSource`.
 */
export function serverKey(request: SipRequest, envelope: Envelope, method: string): string {
  const { via } = envelope;
  const branch = via.params.get('branch');
  if (branch?.startsWith(magicCookie) && branch.length > magicCookie.length) {
    return `${branch}|${via.host}:${via.port ?? ''}|${method}`;
  }
  // RFC 2543 clients send no such branch.
  const { callId, fromTag, cseq } = envelope;
  return `${callId}|${fromTag}|${cseq.number}|${request.headers.get('via')}|${method}`;
}

/** @returns what a CANCEL has in common with its INVITE and no other (RFC 3261 9.1), but for the address in its Via */
export function cancelKey({ envelope }: Incoming<SipRequest>): string {
  const { via, callId, fromTag, cseq } = envelope;
  return `${via.params.get('branch')}|${callId}|${fromTag}|${cseq.number}`;
}

/**
 * Writes the source into the topmost Via, as the answer must carry it (RFC 3261 18.2.1, RFC 3581 4).
 * @param always answer to the source's port even where the client did not ask for it by `rport`
 */
export function noteSource(request: SipRequest, via: Via, source: Target, always: boolean): void {
  const asksPort = via.params.get('rport') === '';
  const forcesPort = always && !via.params.has('rport') && (via.port ?? 5060) !== source.port;
  if (!asksPort && !forcesPort && via.host === source.address) return;
  const { headers } = request;
  const at = headers.keys.indexOf('via');
  const line = headers.values[at] as string;
  const end = endOfFirstHop(line);
  let hop = line.slice(0, end).trimEnd();
  if (asksPort) hop = hop.replace(/;\s*rport\s*(?=;|$)/i, `;rport=${source.port}`);
  else if (forcesPort) hop += `;rport=${source.port}`;
  headers.values[at] = `${hop};received=${source.address}${line.slice(end)}`;
}

/** @returns where the answer to a request goes (RFC 3261 18.2.2, RFC 3581 4); `always` as in `noteSource` */
export function answerTarget(via: Via, source: Target, always: boolean): Target {
  if (source.protocol === 'tcp') {
    return { ...source, otherwise: { protocol: 'tcp', address: source.address, port: via.port ?? 5060 } };
  }
  if (always || via.params.has('rport')) return source;
  return { protocol: 'udp', address: source.address, port: via.port ?? 5060 };
}

/** @returns the topmost Via of a request; undefined where it has none that can be read */
export function viaOf(request: SipRequest): Via | undefined {
  const line = request.headers.get('via');
  return line === undefined ? undefined : parseVia(line);
}
