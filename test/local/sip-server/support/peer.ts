import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { StreamFramer } from '../../../../local/sip-stack/stream-framer.ts';
import {
  createRequest,
  createResponse,
  type NewResponse,
  newBranch,
  newCallId,
  newTag,
} from '../../../../sip/build.ts';
import {
  parseMessage,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  serialize,
} from '../../../../sip/message.ts';
import { patienceMs } from '../../../support/patience.ts';

/*
 * The other side of the wire, packet by packet: it repeats nothing and absorbs nothing by itself, so that a test
 * sees each retransmission and can lose what it likes.
 */

export type Protocol = 'udp' | 'tcp';
type Lines = readonly (readonly [name: string, value: string])[];

export interface ServerAddress {
  host: string;
  port: number;
}

export class Peer {
  readonly protocol: Protocol;
  readonly port: number;
  /** All that came, in order. */
  readonly received: SipMessage[] = [];
  closed = false;
  /** Host of our Contact and Via; set another to stand behind a NAT. */
  host = '127.0.0.1';
  readonly #unread: SipMessage[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #write: (bytes: Buffer | string) => void;
  readonly #close: () => Promise<void>;

  static async open(protocol: Protocol, server: ServerAddress): Promise<Peer> {
    return protocol === 'udp' ? openUdp(server) : openTcp(server);
  }

  constructor(
    protocol: Protocol,
    port: number,
    write: (bytes: Buffer | string) => void,
    close: () => Promise<void>,
  ) {
    this.protocol = protocol;
    this.port = port;
    this.#write = write;
    this.#close = close;
  }

  get contact(): string {
    // A user of its own: a real drachtio remembers the connection of a user and host beyond its end.
    return `sip:peer${this.port}@${this.host}:${this.port}${this.protocol === 'tcp' ? ';transport=tcp' : ''}`;
  }

  /** A Via value with a branch of its own. */
  via(branch = newBranch()): string {
    return `SIP/2.0/${this.protocol.toUpperCase()} ${this.host}:${this.port};branch=${branch};rport`;
  }

  send(message: SipMessage): void {
    this.#write(serialize(message));
  }

  sendRaw(bytes: Buffer | string): void {
    this.#write(bytes);
  }

  take(message: SipMessage): void {
    this.received.push(message);
    this.#unread.push(message);
    this.wake();
  }

  wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** @returns the first message not yet asked for that fits, come or to come */
  async next<M extends SipMessage>(what: string, fits: (message: SipMessage) => message is M): Promise<M> {
    const find = () => {
      const at = this.#unread.findIndex(fits);
      return at < 0 ? undefined : (this.#unread.splice(at, 1)[0] as M);
    };
    return this.until(`${what} comes`, find);
  }

  /** Waits until `look` finds something. */
  until<T>(what: string, look: () => T | undefined, withinMs = patienceMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const again = () => {
        const found = look();
        if (found === undefined) return false;
        clearTimeout(timer);
        clearInterval(poll);
        this.#waiting.delete(again);
        resolve(found);
        return true;
      };
      const poll = setInterval(again, 20);
      const timer = setTimeout(() => {
        clearInterval(poll);
        this.#waiting.delete(again);
        reject(new Error(`waited in vain until ${what}; came: ${this.received.map(titleOf).join(', ')}`));
      }, withinMs);
      this.#waiting.add(again);
      again();
    });
  }

  request(method: string): Promise<SipRequest> {
    return this.next(
      method,
      (message): message is SipRequest => message.kind === 'request' && message.method === method,
    );
  }

  /** @param status the very one, or undefined for the first final one */
  response(callId: string, method: string, status?: number): Promise<SipResponse> {
    return this.next(
      `${status ?? 'final'} for ${method}`,
      (message): message is SipResponse =>
        message.kind === 'response' &&
        (status === undefined ? message.status >= 200 : message.status === status) &&
        message.headers.get('call-id') === callId &&
        (message.headers.get('cseq') ?? '').endsWith(` ${method}`),
    );
  }

  count(title: string): number {
    return this.received.filter((message) => titleOf(message) === title).length;
  }

  reply(request: SipRequest, answer: NewResponse): SipResponse {
    const response = createResponse(request, answer);
    this.send(response);
    return response;
  }

  close(): Promise<void> {
    this.closed = true;
    return this.#close();
  }
}

/** `INVITE`, or `200 INVITE`. */
export function titleOf(message: SipMessage): string {
  if (message.kind === 'request') return message.method;
  return `${message.status} ${(message.headers.get('cseq') ?? '').split(' ')[1]}`;
}

async function openUdp(server: ServerAddress): Promise<Peer> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const peer: Peer = new Peer(
    'udp',
    socket.address().port,
    (bytes) => socket.send(bytes, server.port, server.host),
    () => new Promise((resolve) => socket.close(() => resolve())),
  );
  socket.on('message', (packet) => {
    // Line breaks alone keep an address alive, or ask for a sign of life.
    if (packet.toString('latin1').trim() !== '') peer.take(parseMessage(packet));
  });
  return peer;
}

async function openTcp(server: ServerAddress): Promise<Peer> {
  const socket = connect(server.port, server.host);
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('close', () => reject(new Error('no connection')));
  });
  const peer: Peer = new Peer(
    'tcp',
    socket.localPort as number,
    (bytes) => void socket.write(bytes),
    async () => void socket.destroy(),
  );
  const framer = new StreamFramer(1_000_000, {
    onMessage: (message) => peer.take(message),
    onPing: () => {},
  });
  socket.on('data', (bytes) => framer.push(bytes));
  socket.on('close', () => {
    peer.closed = true;
    peer.wake();
  });
  return peer;
}

/** One side of a dialog, as the peer keeps it. */
export class PeerDialog {
  readonly peer: Peer;
  readonly callId: string;
  readonly local: string;
  remote: string;
  /** Request-URI: the other side's Contact. */
  target: string;
  cseq: number;

  constructor(
    peer: Peer,
    of: { callId: string; local: string; remote: string; target: string; cseq: number },
  ) {
    this.peer = peer;
    this.callId = of.callId;
    this.local = of.local;
    this.remote = of.remote;
    this.target = of.target;
    this.cseq = of.cseq;
  }

  /** The dialog that a call of ours begins: `invite` it. */
  static caller(peer: Peer, uri: string): PeerDialog {
    const local = `"Ann" <sip:ann@127.0.0.1>;tag=${newTag()}`;
    return new PeerDialog(peer, { callId: newCallId(), local, remote: `<${uri}>`, target: uri, cseq: 0 });
  }

  /** The dialog of an INVITE that came, with the To tag that we answer with. */
  static callee(peer: Peer, invite: SipRequest, toTag: string): PeerDialog {
    const { headers } = invite;
    return new PeerDialog(peer, {
      callId: headers.get('call-id') as string,
      local: `${headers.get('to')};tag=${toTag}`,
      remote: headers.get('from') as string,
      target: contactUri(invite),
      cseq: 0,
    });
  }

  build(
    method: string,
    more: { body?: string | Buffer; headers?: Lines; cseq?: number; branch?: string } = {},
  ) {
    const cseq = more.cseq ?? ++this.cseq;
    const request = createRequest({
      method,
      uri: this.target,
      from: this.local,
      to: this.remote,
      callId: this.callId,
      cseq,
      headers: [['Contact', `<${this.peer.contact}>`], ...(more.headers ?? [])],
      ...(more.body === undefined ? {} : { body: more.body }),
    });
    request.headers.prepend('Via', this.peer.via(more.branch));
    return request;
  }

  send(method: string, more: Parameters<PeerDialog['build']>[1] = {}): SipRequest {
    const request = this.build(method, more);
    this.peer.send(request);
    return request;
  }

  /** Sends a request and waits for its final answer. */
  async ask(method: string, more: Parameters<PeerDialog['build']>[1] = {}): Promise<SipResponse> {
    this.send(method, more);
    return this.peer.response(this.callId, method);
  }

  /** Takes tag and Contact of a 2xx and acknowledges it. */
  acknowledge(answer: SipResponse, more: { body?: string; headers?: Lines } = {}): void {
    this.learn(answer);
    const cseq = Number.parseInt(answer.headers.get('cseq') as string, 10);
    this.send('ACK', { ...more, cseq });
  }

  learn(answer: SipResponse): void {
    this.remote = answer.headers.get('to') as string;
    this.target = contactUri(answer);
  }

  /** The ACK of a final answer that is no 2xx: of the INVITE's own transaction. */
  refuse(invite: SipRequest, answer: SipResponse): void {
    const ack = createRequest({
      method: 'ACK',
      uri: invite.uri,
      from: this.local,
      to: answer.headers.get('to') as string,
      callId: this.callId,
      cseq: Number.parseInt(invite.headers.get('cseq') as string, 10),
    });
    ack.headers.prepend('Via', invite.headers.get('via') as string);
    this.peer.send(ack);
  }

  cancel(invite: SipRequest): void {
    const cancel = createRequest({
      method: 'CANCEL',
      uri: invite.uri,
      from: this.local,
      to: this.remote,
      callId: this.callId,
      cseq: Number.parseInt(invite.headers.get('cseq') as string, 10),
    });
    cancel.headers.prepend('Via', invite.headers.get('via') as string);
    this.peer.send(cancel);
  }
}

export function contactUri(message: SipMessage): string {
  const contact = message.headers.get('contact') ?? '';
  return /<([^>]*)>/.exec(contact)?.[1] ?? contact;
}
