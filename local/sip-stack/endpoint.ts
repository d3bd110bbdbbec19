import { formatHostPort } from '../../sip/host-port.ts';
import { createResponse, newBranch } from '../../sip/message/build.ts';
import type { SipParseError, SipRequest, SipResponse } from '../../sip/message/message.ts';
import { serialize } from '../../sip/message/serialize.ts';
import type { Via } from '../../sip/via.ts';
import { ClientTransaction } from './client-transaction.ts';
import {
  defaultLimits,
  type EndpointCounters,
  type EndpointLimits,
  type EndpointOptions,
  type SipEndpoint,
} from './endpoint-options.ts';
import { takePrack, type UnacknowledgedAnswers } from './reliable-provisional.ts';
import { ServerTransaction } from './server-transaction.ts';
import { defaultTimers, type SipTimers, Timers } from './timers.ts';
import type {
  Incoming,
  Protocol,
  SendResult,
  Target,
  TcpConnectionRef,
  TransportEvents,
} from './transport/transport.ts';
import { openTransports } from './transport/transports.ts';
import { probeLoopbackPort } from './transport/udp-probe.ts';
import { answerTarget, cancelKey, noteSource, serverKey, viaOf } from './via-routing.ts';

/**
 * @throws the system's error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`) where an address cannot be bound
 */
export async function createSipEndpoint(options: EndpointOptions): Promise<SipEndpoint> {
  const settings: SipTimers = { ...defaultTimers, ...options.timers };
  const limits: EndpointLimits = { ...defaultLimits, ...options.limits };
  const timers = new Timers();
  const counters: EndpointCounters = { malformed: 0, refusedFull: 0, strayResponses: 0, sendErrors: 0 };
  /** Transactions by branch, sent-by and method, and the memories of those answered. */
  const servers = new Map<string, ServerTransaction>();
  const answered = new Map<string, { retransmission(): void }>();
  /** INVITEs, by what a CANCEL has in common with its own whatever its sent-by says: behind a NAT that may change. */
  const invites = new Map<string, ServerTransaction>();
  const unacknowledged: UnacknowledgedAnswers = new Map();
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
    unacknowledged,
    send(bytes: Buffer, { otherwise, ...target }: Target, done?: SendResult) {
      // The port that a gone connection came from is nobody's to connect to: the Via says who listens (RFC 3261 18.2.2).
      if (target.connection?.open === false && otherwise && tcp)
        tcp.send(bytes, otherwise, (error) => queueMicrotask(() => closed || done?.(error)));
      else send(bytes, target, done);
    },
    replace(key: string, by: { retransmission(): void } | undefined) {
      const known = servers.get(key);
      if (known) invites.delete(cancelKey(known.incoming));
      servers.delete(key);
      answered.delete(key);
      if (by === undefined) return;
      answered.set(key, by);
      for (const oldest of answered.keys())
        if (answered.size > limits.maxAnswersKept) answered.delete(oldest);
        else break;
    },
  };

  function receivedRequest(incoming: Incoming<SipRequest>): void {
    const { message, envelope, source } = incoming;
    const key = serverKey(message, envelope, message.method);
    if (message.method === 'ACK') {
      const known = servers.get(serverKey(message, envelope, 'INVITE'));
      if (!known || known.acknowledged()) options.onAck?.(incoming);
      return;
    }
    const known = servers.get(key) ?? answered.get(key);
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
    if (transaction.isInvite) invites.set(cancelKey(incoming), transaction);
    if (transaction.isInvite && options.autoTrying !== false) transaction.reply({ status: 100 });
    if (takePrack(incoming, unacknowledged)) transaction.reply({ status: 200 });
    else options.onRequest(transaction);
  }

  function receivedCancel(cancel: ServerTransaction): void {
    const { incoming } = cancel;
    const invite =
      servers.get(serverKey(incoming.message, incoming.envelope, 'INVITE')) ??
      invites.get(cancelKey(incoming));
    if (!invite) {
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
    doubt(target: Target, failed: (error: Error) => void) {
      probeLoopbackPort(target, (error) => closed || failed(error));
    },
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
      return { server: servers.size + answered.size, client: clients.size };
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
      answered.clear();
      invites.clear();
      clients.clear();
    },
  };
}
