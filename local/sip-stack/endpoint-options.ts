import type { SipParseError, SipRequest, SipResponse } from '../../sip/message/message.ts';
import type { ClientHandlers, ClientTransaction } from './client-transaction.ts';
import type { ServerTransaction } from './server-transaction.ts';
import type { SipTimers, Timers } from './timers.ts';
import {
  type Address,
  defaultTransportLimits,
  type Incoming,
  type Protocol,
  type Target,
  type TransportLimits,
} from './transport/transport.ts';

export interface EndpointLimits extends TransportLimits {
  /** Server transactions held at once; a request beyond gets 503 without state (RFC 3261 21.5.4), an ACK nothing. */
  maxServerTransactions: number;
  maxClientTransactions: number;
  /** Answers kept for a request that comes again (timer J). Above, the oldest goes: its request is then a new one. */
  maxAnswersKept: number;
}

/** What the endpoint counts; all rise only. */
export interface EndpointCounters {
  malformed: number;
  refusedFull: number;
  strayResponses: number;
  sendErrors: number;
}

export interface EndpointOptions {
  /** IP address to bind and the port for all protocols, 0 for any free one. */
  bind: { address: string; port: number };
  /** Default: both. */
  protocols?: readonly Protocol[];
  /** Host for Via in place of the bound address (behind a NAT; needed when bound to all addresses). */
  advertisedHost?: string;
  timers?: Partial<SipTimers>;
  limits?: Partial<EndpointLimits>;
  /** Send 100 to each new INVITE at once. Default true. */
  autoTrying?: boolean;
  /**
   * Answer requests by UDP to where they came from even without `rport` in their Via, as drachtio does. Clients behind
   * a NAT need it; one that sends and listens on different ports breaks. Default false.
   */
  answerToSource?: boolean;
  /** A new request: neither ACK nor CANCEL. Answer it through the transaction, now or later. */
  onRequest(transaction: ServerTransaction): void;
  /** The ACK of a 2xx (each time it comes). Match it by dialog: Call-ID and tags. */
  onAck?(ack: Incoming<SipRequest>): void;
  /** An answer that matches no transaction: a late one, or a 2xx of a fork. */
  onStrayResponse?(response: Incoming<SipResponse>): void;
  /** A packet that is no proper SIP. It has been answered where that was possible. */
  onMalformed?(error: SipParseError, source: Target): void;
}

/**
 * A SIP user agent's lower half on one UDP and one TCP port: messages, transport, transactions (RFC 3261 17 and 18,
 * RFC 3581, RFC 6026). Dialogs, authentication and what to answer are the user's.
 *
 * ```ts
 * const endpoint = await createSipEndpoint({
 *   bind: { address: '127.0.0.1', port: 0 },
 *   onRequest: (transaction) => transaction.reply({ status: 501 }),
 *   onAck: (ack) => {},
 * });
 * const request = createRequest({ method: 'OPTIONS', uri, from: `<sip:me@x>;tag=${newTag()}`, to: `<${uri}>`,
 *   callId: newCallId(), cseq: 1 });
 * endpoint.sendRequest(request, { protocol: 'udp', address: '127.0.0.1', port: 5060 }, {
 *   onResponse: ({ message }) => console.log(message.status),
 *   onError: (error) => console.log(error.kind),
 * });
 * ```
 *
 * - Answer an INVITE: `transaction.reply({ status: 180 })`, `reply({ status: 200, headers: [['Contact', …]], body })`,
 *   then `repeatUntilAck` (uas-2xx.ts) until `onAck` brings its ACK. `transaction.onCancel` is called after a CANCEL
 *   was answered: `reply({ status: 487 })` there.
 * - Call out: `sendRequest` an INVITE; on each 2xx send an ACK request (own CSeq number, method ACK) with
 *   `sendAck`; the ACK of other finals is automatic. `transaction.cancel()` gives up.
 * - Reach a peer behind a NAT: use the `source` of what it sent as the target; its TCP connection is used.
 */
export interface SipEndpoint {
  readonly addresses: readonly Address[];
  readonly counters: Readonly<EndpointCounters>;
  readonly timers: Timers;
  readonly settings: SipTimers;
  /** `host:port` for Via and Contact. */
  hostPort(protocol: Protocol): string;
  /**
   * Adds Via, sends, and repeats as the protocol demands.
   * @param request is changed: it gets its Via. Use a request once.
   */
  sendRequest(request: SipRequest, target: Target, handlers: ClientHandlers): ClientTransaction;
  /** Sends the ACK of a 2xx, with a Via of its own; nothing is expected back. @returns its bytes, to send again */
  sendAck(ack: SipRequest, target: Target): Buffer;
  /** Sends bytes as they are. */
  sendBytes(bytes: Buffer, target: Target): void;
  readonly openTransactions: { server: number; client: number };
  /** Closes sockets and forgets all transactions; no handler is called any more. */
  close(): Promise<void>;
}

export const defaultLimits: EndpointLimits = {
  ...defaultTransportLimits,
  maxServerTransactions: 150_000,
  maxClientTransactions: 50_000,
  maxAnswersKept: 50_000,
};
