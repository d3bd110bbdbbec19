import { createServer, isIPv6, connect as netConnect, type Server, type Socket } from 'node:net';
import { type Envelope, readEnvelope, SipParseError } from '../../../sip/message/message.ts';
import { StreamFramer } from './stream-framer.ts';
import {
  type Address,
  addressKey,
  type SendResult,
  type Target,
  type TcpConnectionRef,
  type TransportEvents,
  type TransportLimits,
} from './transport.ts';

export interface TcpTransport {
  readonly local: Address;
  /**
   * Sends on the target's connection, else on any open one to that address, else on a new one.
   * @returns the connection used, undefined where none could be had (`done` was called with the error)
   */
  send(bytes: Buffer, target: Target, done: SendResult): TcpConnectionRef | undefined;
  readonly connections: number;
  close(): Promise<void>;
}

const ping = Buffer.from('\r\n');
const longestSweepMs = 5_000;

class Connection implements TcpConnectionRef {
  readonly socket: Socket;
  readonly remote: Target;
  open = true;
  /** By `performance.now()`. */
  readonly openedAt = performance.now();
  usedAt = this.openedAt;
  heardMessage = false;
  /** Where a message began that is not complete. */
  partialSince: number | undefined;

  constructor(socket: Socket, address: string, port: number) {
    this.socket = socket;
    this.remote = { protocol: 'tcp', address, port, connection: this };
  }
}

/**
 * Listens for TCP connections and opens them as needed; both kinds serve both directions, so that a peer behind
 * a NAT is reached by the connection it opened.
 * @param bind IP address and port, 0 for any free one
 * @throws the system's error where the port is taken
 */
export async function openTcp(
  bind: { address: string; port: number },
  limits: TransportLimits,
  events: TransportEvents,
): Promise<TcpTransport> {
  const byRemote = new Map<string, Connection>();
  const all = new Set<Connection>();
  const server = createServer({ noDelay: true, keepAlive: true });
  await listening(server, bind);
  const bound = server.address() as { address: string; port: number };
  const local: Address = { protocol: 'tcp', address: bound.address, port: bound.port };

  function adopt(socket: Socket, address: string, port: number): Connection {
    const connection = new Connection(socket, address, port);
    all.add(connection);
    byRemote.set(addressKey(address, port), connection);
    let failure: Error | undefined;
    const framer = new StreamFramer(limits.maxMessageBytes, {
      onMessage(message, bytes) {
        connection.heardMessage = true;
        connection.partialSince = undefined;
        let envelope: Envelope;
        try {
          envelope = readEnvelope(message);
        } catch (error) {
          // The frame was whole, so the stream goes on after the answer.
          if (!(error instanceof SipParseError)) throw error;
          events.onMalformed(error, connection.remote, local);
          return;
        }
        events.onMessage({ message, bytes, envelope, source: connection.remote, receivedOn: local });
      },
      onPing: () => write(connection, ping),
    });
    socket.on('data', (bytes) => {
      if (!connection.open) return;
      const now = performance.now();
      connection.usedAt = now;
      try {
        framer.push(bytes);
        connection.partialSince = framer.midMessage ? (connection.partialSince ?? now) : undefined;
      } catch (error) {
        if (!(error instanceof SipParseError)) throw error;
        events.onMalformed(error, connection.remote, local);
        // The frame's end is unknown: an answer may still go out, then the connection ends.
        retire(connection);
        socket.end();
        socket.destroySoon();
      }
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      retire(connection);
      all.delete(connection);
      events.onConnectionClosed(connection, failure);
    });
    return connection;
  }

  function retire(connection: Connection): void {
    connection.open = false;
    const key = addressKey(connection.remote.address, connection.remote.port);
    if (byRemote.get(key) === connection) byRemote.delete(key);
  }

  function write(connection: Connection, bytes: Buffer, done?: SendResult): void {
    const { socket } = connection;
    if (!connection.open || socket.destroyed) {
      done?.(new Error('connection closed'));
      return;
    }
    if (socket.writableLength + bytes.length > limits.maxQueuedBytes) {
      done?.(new Error('peer does not read'));
      socket.destroy(new Error('peer does not read'));
      return;
    }
    connection.usedAt = performance.now();
    socket.write(bytes, done ? (error) => done(error ?? undefined) : undefined);
  }

  /** Half of the connections are not for any one address, so that it cannot keep all others out. */
  function hasRoom(address: string): boolean {
    const share = limits.maxConnections / 2;
    if (all.size < share) return true;
    let held = 0;
    for (const { remote } of all) if (remote.address === address) held++;
    return all.size < limits.maxConnections && held < share;
  }

  server.on('connection', (socket) => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined || !hasRoom(remoteAddress)) {
      socket.destroy();
      return;
    }
    adopt(socket, remoteAddress, remotePort);
  });

  const sweep = setInterval(
    () => {
      const now = performance.now();
      for (const connection of all) {
        const silent = !connection.heardMessage && now - connection.openedAt > limits.messageTimeoutMs;
        const partial =
          connection.partialSince !== undefined && now - connection.partialSince > limits.messageTimeoutMs;
        const idle = now - connection.usedAt > limits.idleTimeoutMs;
        if (silent || partial || idle) connection.socket.destroy();
      }
    },
    Math.min(longestSweepMs, limits.messageTimeoutMs),
  );
  sweep.unref();

  return {
    local,
    get connections() {
      return all.size;
    },
    send(bytes, target, done) {
      const given = target.connection as Connection | undefined;
      const known = given?.open ? given : byRemote.get(addressKey(target.address, target.port));
      if (known) {
        write(known, bytes, done);
        return known;
      }
      if (all.size >= limits.maxConnections) {
        done(new Error('too many connections'));
        return undefined;
      }
      const socket = netConnect({ host: target.address, port: target.port, noDelay: true, keepAlive: true });
      const connection = adopt(socket, target.address, target.port);
      socket.setTimeout(limits.connectTimeoutMs, () => socket.destroy(new Error('connecting timed out')));
      socket.once('connect', () => socket.setTimeout(0));
      // Writes before the connection is there are kept by the socket, and fail with it.
      write(connection, bytes, done);
      return connection;
    },
    async close() {
      clearInterval(sweep);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of all) connection.socket.destroy();
      await closed;
    },
  };
}

function listening(server: Server, bind: { address: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: bind.address, port: bind.port, ipv6Only: isIPv6(bind.address) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
