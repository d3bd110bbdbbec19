import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Address } from '../sip-server.ts';

export type Transport = 'udp' | 'tcp';

/** A UDP socket or a TCP connection to the server under test. */
export interface Wire {
  readonly port: number;
  send(bytes: Buffer | string): void;
  close(): Promise<void>;
}

export interface WireEvents {
  /** All bytes, as they come. */
  onBytes(bytes: Buffer): void;
  /** A datagram, or one whole message of the stream. */
  onPacket(packet: Buffer): void;
  onClose(): void;
}

/** @param from the address of loopback to send from: the edge counts by it */
export async function openWire(
  transport: Transport,
  server: Address,
  from: string,
  events: WireEvents,
): Promise<Wire> {
  return transport === 'udp' ? openUdp(server, from, events) : openTcp(server, from, events);
}

async function openUdp(server: Address, from: string, events: WireEvents): Promise<Wire> {
  const socket = createSocket('udp4').bind(0, from);
  await once(socket, 'listening');
  socket.on('message', (packet) => {
    events.onBytes(packet);
    // Line breaks alone keep an address alive, or ask for a sign of life.
    if (packet.toString('latin1').trim() !== '') events.onPacket(packet);
  });
  return {
    port: socket.address().port,
    send: (bytes) => socket.send(bytes, server.port, server.host),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

async function openTcp(server: Address, from: string, events: WireEvents): Promise<Wire> {
  const socket = connect({ ...server, localAddress: from });
  await once(socket, 'connect');
  // A server that is killed resets the connection. Its end is told by `close`, however it came.
  socket.on('error', () => {});
  socket.on('close', () => events.onClose());
  let pending = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    events.onBytes(bytes);
    pending = Buffer.concat([pending, bytes]);
    for (let end = messageEnd(pending); end > 0; end = messageEnd(pending)) {
      events.onPacket(pending.subarray(0, end));
      pending = pending.subarray(end);
    }
  });
  return {
    port: socket.localPort as number,
    send: (bytes) => void socket.write(bytes),
    close: async () => void socket.destroy(),
  };
}

/**
 * Where the first message of a stream ends. The server's own framing (local/sip-stack) is under test, so it is not
 * what says whether the server frames well.
 * @returns the number of its bytes, 0 where more must come
 */
function messageEnd(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  const start = text.search(/[^\r\n]/);
  const headEnd = start < 0 ? -1 : text.indexOf('\r\n\r\n', start);
  if (headEnd < 0) return 0;
  const length = /\r\n(?:content-length|l)\s*:\s*(\d+)/i.exec(text.slice(start, headEnd))?.[1];
  const end = headEnd + 4 + Number(length ?? 0);
  return bytes.length < end ? 0 : end;
}
