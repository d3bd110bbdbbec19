import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { parseMessage, readEnvelope, SipParseError } from '../../../sip/message/message.ts';
import type { Address, SendResult, Target, TransportEvents, TransportLimits } from './transport.ts';

export interface UdpTransport {
  readonly local: Address;
  send(bytes: Buffer, target: Address, done: SendResult): void;
  close(): Promise<void>;
}

/** Kernel buffers: a burst of 600 REGISTERs must survive a pause of the event loop. */
const socketBufferBytes = 4 * 1024 * 1024;

/**
 * Binds a UDP socket and hands over the SIP messages that reach it.
 * @param bind IP address and port, 0 for any free one
 * @throws the system's error where the port is taken
 */
export async function openUdp(
  bind: { address: string; port: number },
  limits: TransportLimits,
  events: TransportEvents,
): Promise<UdpTransport> {
  const family = isIPv6(bind.address) ? 6 : 4;
  const socket = createSocket({
    type: `udp${family}`,
    // Targets are IP addresses already; the default look-up would cost a tick for each packet.
    lookup: (host, _options, callback) => callback(null, host, family),
  });
  await listening(socket, bind);
  growBuffers(socket);
  const bound = socket.address();
  const local: Address = { protocol: 'udp', address: bound.address, port: bound.port };
  socket.on('message', (packet, remote) => receive(packet, remote, local, limits, events));
  // Errors of a single packet come by its callback; what comes here concerns no message that we know.
  socket.on('error', () => {});
  return {
    local,
    send(bytes, target, done) {
      try {
        socket.send(bytes, target.port, target.address, (error) => done(error ?? undefined));
      } catch (error) {
        done(error as Error);
      }
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function listening(socket: Socket, bind: { address: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: bind.address, port: bind.port, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

function growBuffers(socket: Socket): void {
  // The system caps them; a smaller buffer only means earlier retransmissions.
  try {
    socket.setRecvBufferSize(socketBufferBytes);
    socket.setSendBufferSize(socketBufferBytes);
  } catch {
    return;
  }
}

function receive(
  packet: Buffer,
  remote: RemoteInfo,
  local: Address,
  limits: TransportLimits,
  events: TransportEvents,
): void {
  const source: Target = { protocol: 'udp', address: remote.address, port: remote.port };
  if (isKeepAlive(packet)) return;
  try {
    if (packet.length > limits.maxMessageBytes) throw new SipParseError('message too large', 513);
    const message = parseMessage(packet);
    const envelope = readEnvelope(message);
    events.onMessage({ message, bytes: packet.length, envelope, source, receivedOn: local });
  } catch (error) {
    if (!(error instanceof SipParseError)) throw error;
    events.onMalformed(error, source, local);
  }
}

/** Empty datagrams and line breaks keep a NAT binding open (RFC 5626 3.5.1); zero bytes are seen as well. */
function isKeepAlive(packet: Buffer): boolean {
  if (packet.length > 4) return false;
  for (const byte of packet) if (byte !== 13 && byte !== 10 && byte !== 0) return false;
  return true;
}
