import { randomUUID } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import type { DigestAlgorithm } from '../../../sip/digest/auth-params.ts';
import { digestResponse } from '../../../sip/digest/response.ts';
import { patienceMs } from '../../support/patience.ts';

/* A raw SIP client: it sends exactly what a test writes, and waits for what comes back. */

export interface SipReply {
  status: number;
  phrase: string;
  /** Every value of a header, in order. @param name any case */
  all(name: string): string[];
  /** The first value. */
  get(name: string): string | undefined;
  text: string;
}

export interface RequestParts {
  method: string;
  uri: string;
  from?: string;
  to?: string;
  callId: string;
  cseq: number;
  /** As they go out; a value of '' is sent as such. */
  headers?: Record<string, string>;
  body?: string;
  /** Without one, a fresh branch: a new transaction. */
  branch?: string;
}

/** @returns e.g. `call-0f3a…`: a name that no other test uses */
export const unique = (prefix: string) => `${prefix}-${randomUUID().slice(0, 13)}`;

function parseReply(text: string): SipReply {
  const [head = ''] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const [, status = '0', phrase = ''] = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(statusLine) ?? [];
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const all = (name: string) =>
    headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
  return { status: Number(status), phrase, all, get: (name) => all(name)[0], text };
}

export class SipClient {
  readonly transport: 'udp' | 'tcp';
  readonly port: number;
  readonly #send: (text: string | Buffer) => void;
  readonly #close: () => void;
  readonly #received: SipReply[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(
    transport: 'udp' | 'tcp',
    port: number,
    send: (text: string | Buffer) => void,
    close: () => void,
  ) {
    this.transport = transport;
    this.port = port;
    this.#send = send;
    this.#close = close;
  }

  /** @param from a loopback address: to the edge, each is another source */
  static async udp(server: { host: string; port: number }, from = '127.0.0.1'): Promise<SipClient> {
    const socket: UdpSocket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, from, resolve));
    const client = new SipClient(
      'udp',
      socket.address().port,
      (text) => socket.send(text, server.port, server.host),
      () => socket.close(),
    );
    socket.on('message', (bytes) => client.#take(bytes.toString('utf8')));
    return client;
  }

  static async tcp(server: { host: string; port: number }): Promise<SipClient> {
    const socket: Socket = connect(server.port, server.host);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new SipClient(
      'tcp',
      socket.localPort ?? 0,
      (text) => void socket.write(text),
      () => socket.destroy(),
    );
    let buffered = '';
    socket.on('data', (bytes) => {
      buffered += bytes.toString('utf8');
      for (;;) {
        buffered = buffered.replace(/^[\r\n]+/, '');
        const end = buffered.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/\r\n(?:content-length|l)\s*:\s*(\d+)/i.exec(buffered.slice(0, end))?.[1] ?? 0);
        if (buffered.length < end + 4 + length) return;
        client.#take(buffered.slice(0, end + 4 + length));
        buffered = buffered.slice(end + 4 + length);
      }
    });
    return client;
  }

  /** Sends bytes as they are. */
  sendRaw(text: string | Buffer): void {
    this.#send(text);
  }

  /** Sends a request and returns its text. */
  send(parts: RequestParts): string {
    const { method, uri, callId, cseq, headers = {}, body = '' } = parts;
    const branch = parts.branch ?? `z9hG4bK${unique('b')}`;
    const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const text =
      `${method} ${uri} SIP/2.0\r\n` +
      `Via: SIP/2.0/${this.transport.toUpperCase()} 127.0.0.1:${this.port};branch=${branch};rport\r\n` +
      (headers['Max-Forwards'] === undefined ? 'Max-Forwards: 70\r\n' : '') +
      `From: ${parts.from ?? '<sip:caller@elsewhere.test>'};tag=from-tag\r\n` +
      `To: ${parts.to ?? `<${uri}>`}\r\n` +
      `Call-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\n${given.join('')}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    this.#send(text);
    return text;
  }

  /** Sends a request and waits for its final reply. */
  request(parts: RequestParts): Promise<SipReply> {
    this.send(parts);
    return this.final(parts.callId, parts.cseq);
  }

  /** @returns the final reply of a request, which is then consumed */
  final(callId: string, cseq: number): Promise<SipReply> {
    const isIt = (reply: SipReply) =>
      reply.status >= 200 &&
      reply.get('call-id') === callId &&
      Number.parseInt(reply.get('cseq') ?? '', 10) === cseq;
    return this.take(isIt, `a final reply to ${callId} ${cseq}`);
  }

  /** Waits for a reply and consumes it. @throws after `patienceMs` without it, with what came instead */
  async take(isIt: (reply: SipReply) => boolean, what: string): Promise<SipReply> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const at = this.#received.findIndex(isIt);
      if (at >= 0) return this.#received.splice(at, 1)[0] as SipReply;
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) {
        throw new Error(`no ${what}; got ${this.#received.map(({ text }) => text).join('\n')}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** Replies of a dialog or transaction that nobody took, so far. */
  received(callId: string): SipReply[] {
    return this.#received.filter((reply) => reply.get('call-id') === callId);
  }

  close(): void {
    this.#close();
  }

  #take(text: string): void {
    this.#received.push(parseReply(text));
    for (const wake of this.#waiting) wake();
  }
}

/** One WWW- or Proxy-Authenticate value, taken apart. */
export function parseChallenge(value: string): Record<string, string> {
  const pairs = value.replace(/^Digest\s+/i, '').matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g);
  return Object.fromEntries([...pairs].map(([, name, quoted, token]) => [name, quoted ?? token ?? '']));
}

export interface Answer {
  username: string;
  password: string;
  method: string;
  uri: string;
  nonceCount?: number;
  /** Overrides of the header's parameters, to lie. */
  lies?: Record<string, string>;
}

/** @returns the value of an Authorization header that answers a challenge */
export function answerTo(challenge: Record<string, string>, answer: Answer): string {
  const algorithm = (challenge.algorithm ?? 'MD5') as DigestAlgorithm;
  const nonceCount = (answer.nonceCount ?? 1).toString(16).padStart(8, '0');
  const input = {
    algorithm,
    username: answer.username,
    realm: challenge.realm ?? '',
    password: answer.password,
    method: answer.method,
    uri: answer.uri,
    nonce: challenge.nonce ?? '',
    auth: { nonceCount, clientNonce: 'client-nonce' },
  };
  const params: Record<string, string> = {
    username: `"${input.username}"`,
    realm: `"${input.realm}"`,
    nonce: `"${input.nonce}"`,
    uri: `"${input.uri}"`,
    response: `"${digestResponse(input)}"`,
    algorithm,
    qop: 'auth',
    nc: nonceCount,
    cnonce: `"${input.auth.clientNonce}"`,
    ...answer.lies,
  };
  return `Digest ${Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}`;
}
