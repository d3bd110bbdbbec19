import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { newBranch } from '../../../sip/build.ts';

/* Packets as nobody's SIP stack would write them. */

export interface RawPeer {
  /** Text written as UTF-8. */
  send(packet: string | Buffer): void;
  /** Everything received so far. */
  readonly received: string;
  readonly closed: boolean;
  close(): void;
}

type Server = { address: string; port: number };

export async function rawUdp(server: Server, address = '127.0.0.1'): Promise<RawPeer & { port: number }> {
  const socket = createSocket('udp4');
  let received = '';
  socket.on('message', (packet) => {
    received += packet;
  });
  socket.bind(0, address);
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    send: (packet) => socket.send(packet, server.port, server.address),
    get received() {
      return received;
    },
    closed: false,
    close: () => socket.close(),
  };
}

export async function rawTcp(server: Server): Promise<RawPeer> {
  const socket: Socket = connect(server.port, server.address);
  let received = '';
  let closed = false;
  socket.on('data', (bytes) => {
    received += bytes;
  });
  // A reset by the server is an end like any other.
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  await once(socket, 'connect');
  return {
    send: (packet) => void socket.write(packet),
    get received() {
      return received;
    },
    get closed() {
      return closed;
    },
    close: () => socket.destroy(),
  };
}

export interface RawRequest {
  method?: string;
  uri?: string;
  protocol?: 'UDP' | 'TCP';
  callId?: string;
  /** More or other header lines; a name replaces the usual line of that name, '' leaves it out. */
  headers?: Record<string, string>;
  body?: string;
}

/** @returns a request with CRLF line ends, right but for what is asked to be wrong */
export function rawRequest({ method = 'INVITE', headers = {}, body = '', ...of }: RawRequest): string {
  const { uri = 'sip:room@sip.switchroom.test', protocol = 'UDP', callId = 'raw' } = of;
  const lines: Record<string, string> = {
    Via: `SIP/2.0/${protocol} 127.0.0.1:5999;branch=${newBranch()};rport`,
    'Max-Forwards': '70',
    From: '<sip:raw@endpoint.example>;tag=1',
    To: `<${uri}>`,
    'Call-ID': callId,
    CSeq: `1 ${method}`,
    Contact: '<sip:raw@127.0.0.1:5999>',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const head = Object.entries(lines)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${uri} SIP/2.0\r\n${head.join('')}\r\n${body}`;
}
