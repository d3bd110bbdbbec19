import { createResponse, newBranch } from './build.ts';
import { type ClientHandlers, ClientTransaction } from './client-transaction.ts';
import { formatHostPort, parseVia, type Via } from './fields.ts';
import type { SipParseError, SipRequest, SipResponse } from './message.ts';
import { serialize } from './message.ts';
import { ServerTransaction } from './server-transaction.ts';
import { defaultTimers, type SipTimers, Timers } from './timers.ts';
import {
  type Address,
  defaultTransportLimits,
  type Incoming,
  type Protocol,
  type Target,
  type TcpConnectionRef,
  type TransportEvents,
  type TransportLimits,
} from './transport.ts';
import { openTransports } from './transports.ts';
import { answerTarget, noteSource, serverKey } from './via-routing.ts';

export interface EndpointLimits extends TransportLimits {
  /** Server transactions held at once; a request beyond gets 503 without state (RFC 3261 21.5.4), an ACK nothing. */
  maxServerTransactions: number;
  maxClientTransactions: number;
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

const defaultLimits: EndpointLimits = {
  ...defaultTransportLimits,
  maxServerTransactions: 150_000,
  maxClientTransactions: 50_000,
};

/**
 * @throws the system's error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`) where an address cannot be bound
 */
export async function createSipEndpoint(options: EndpointOptions): Promise<SipEndpoint> {
  const settings: SipTimers = { ...defaultTimers, ...options.timers };
  const limits: EndpointLimits = { ...defaultLimits, ...options.limits };
  const timers = new Timers();
  const counters: EndpointCounters = { malformed: 0, refusedFull: 0, strayResponses: 0, sendErrors: 0 };
  /** Transactions, and the memories of those answered, by branch, sent-by and method. */
  const servers = new Map<string, { retransmission(): void }>();
  const clients = new Map<string, ClientTransaction>();
  const clientsByConnection = new Map<TcpConnectionRef, Set<ClientTransaction>>();
  const toSource = options.answerToSource === true;
  let closed = false;

  const events: TransportEvents = {
    onMessage(incoming) {
      if (closed) return;
      if (incoming.message.kind === 'request') receivedRequest(incoming as Incoming<SipRequest>);
      else receivedResponse(incoming as Incoming<SipResponse>);
    },
    onMalformed(error, source) {
      counters.malformed++;
      if (error.request) answerMalformed(error, error.request, source);
      options.onMalformed?.(error, source);
    },
    onConnectionClosed(connection, error) {
      const waiting = clientsByConnection.get(connection);
      clientsByConnection.delete(connection);
      if (waiting && !closed) for (const transaction of waiting) transaction.connectionLost(error);
    },
  };
  const { udp, tcp } = await openTransports(options, limits, events);

  function send(
    bytes: Buffer,
    target: Target,
    failed?: (error: Error) => void,
  ): TcpConnectionRef | undefined {
    const done = (error?: Error) => {
      if (!error || closed) return;
      counters.sendErrors++;
      // Never within the call that sends: its caller does not hold the transaction yet.
      if (failed) queueMicrotask(() => closed || failed(error));
    };
    if (target.protocol === 'udp') {
      if (udp) udp.send(bytes, target, done);
      else done(new Error('no UDP socket'));
      return undefined;
    }
    if (tcp) return tcp.send(bytes, target, done);
    done(new Error('no TCP socket'));
    return undefined;
  }

  const serverHost = {
    timers,
    settings,
    send: (bytes: Buffer, target: Target) => void send(bytes, target),
    replace(key: string, by: { retransmission(): void } | undefined) {
      if (by) servers.set(key, by);
      else servers.delete(key);
    },
  };

  function receivedRequest(incoming: Incoming<SipRequest>): void {
    const { message, envelope, source } = incoming;
    const key = serverKey(message, envelope, message.method);
    if (message.method === 'ACK') {
      const known = servers.get(serverKey(message, envelope, 'INVITE'));
      if (!(known instanceof ServerTransaction) || known.acknowledged()) options.onAck?.(incoming);
      return;
    }
    const known = servers.get(key);
    if (known) {
      known.retransmission();
      return;
    }
    noteSource(message, envelope.via, source, toSource);
    const answerTo = answerTarget(envelope.via, source, toSource);
    if (servers.size >= limits.maxServerTransactions) {
      counters.refusedFull++;
      const refusal = createResponse(message, { status: 503, headers: [['Retry-After', '10']] });
      send(serialize(refusal), answerTo);
      return;
    }
    const transaction = new ServerTransaction(incoming, key, answerTo, serverHost);
    servers.set(key, transaction);
    if (message.method === 'CANCEL') {
      receivedCancel(transaction);
      return;
    }
    if (transaction.isInvite && options.autoTrying !== false) transaction.reply({ status: 100 });
    options.onRequest(transaction);
  }

  function receivedCancel(cancel: ServerTransaction): void {
    const { incoming } = cancel;
    const invite = servers.get(serverKey(incoming.message, incoming.envelope, 'INVITE'));
    if (!(invite instanceof ServerTransaction)) {
      cancel.reply({ status: 481 });
      return;
    }
    cancel.localTag = invite.localTag;
    cancel.reply({ status: 200 });
    if (invite.pending) invite.onCancel?.(incoming);
  }

  function receivedResponse(incoming: Incoming<SipResponse>): void {
    const { envelope } = incoming;
    const transaction = clients.get(`${envelope.via.params.get('branch')}|${envelope.cseq.method}`);
    if (transaction) {
      transaction.received(incoming);
      return;
    }
    counters.strayResponses++;
    options.onStrayResponse?.(incoming);
  }

  function answerMalformed(error: SipParseError, request: SipRequest, source: Target): void {
    if (request.method === 'ACK') return;
    const via = viaOf(request);
    if (!via) return;
    noteSource(request, via, source, toSource);
    const reason = error.status === 400 ? `Bad Request (${error.message})` : undefined;
    const response = createResponse(request, reason ? { status: 400, reason } : { status: error.status });
    send(serialize(response), answerTarget(via, source, toSource));
  }

  const clientHost = {
    timers,
    settings,
    send,
    sendCancel(cancel: SipRequest, target: Target) {
      const via = viaOf(cancel) as Via;
      const branch = via.params.get('branch') as string;
      begin(new ClientTransaction(cancel, branch, target, { onResponse() {}, onError() {} }, clientHost));
    },
    remove(transaction: ClientTransaction) {
      clients.delete(`${transaction.branch}|${transaction.request.method}`);
      if (transaction.connection) clientsByConnection.get(transaction.connection)?.delete(transaction);
    },
  };

  function begin(transaction: ClientTransaction): ClientTransaction {
    clients.set(`${transaction.branch}|${transaction.request.method}`, transaction);
    transaction.start();
    const { connection } = transaction;
    if (connection) {
      const waiting = clientsByConnection.get(connection);
      if (waiting) waiting.add(transaction);
      else clientsByConnection.set(connection, new Set([transaction]));
    }
    return transaction;
  }

  function hostPort(protocol: Protocol): string {
    const local = (protocol === 'udp' ? udp : tcp)?.local ?? (udp ?? tcp)?.local;
    if (!local) throw new Error('no socket is open');
    return formatHostPort(options.advertisedHost ?? local.address, local.port);
  }

  function addVia(request: SipRequest, protocol: Protocol): string {
    const branch = newBranch();
    request.headers.prepend(
      'Via',
      `SIP/2.0/${protocol === 'udp' ? 'UDP' : 'TCP'} ${hostPort(protocol)};branch=${branch};rport`,
    );
    return branch;
  }

  return {
    addresses: [udp?.local, tcp?.local].filter((local) => local !== undefined),
    counters,
    timers,
    settings,
    hostPort,
    get openTransactions() {
      return { server: servers.size, client: clients.size };
    },
    sendRequest(request, target, handlers) {
      const branch = addVia(request, target.protocol);
      const transaction = new ClientTransaction(request, branch, target, handlers, clientHost);
      return begin(transaction);
    },
    sendAck(ack, target) {
      addVia(ack, target.protocol);
      const bytes = serialize(ack);
      send(bytes, target);
      return bytes;
    },
    sendBytes: (bytes, target) => void send(bytes, target),
    async close() {
      closed = true;
      timers.close();
      await Promise.all([udp?.close(), tcp?.close()]);
      servers.clear();
      clients.clear();
    },
  };
}

function viaOf(request: SipRequest): Via | undefined {
  const line = request.headers.get('via');
  return line === undefined ? undefined : parseVia(line);
}
