import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { patienceMs } from '../../../support/patience.ts';
import type { Address } from '../../../support/sip-server.ts';
import { format, header, type Message, tagOf, takeMessage } from './message.ts';

/*
 * A user agent that does exactly what a test tells it, packet by packet: for crossing races, where a real one
 * decides for itself. It sends over UDP or one TCP connection, retransmits nothing, and drops what it has seen.
 */

export type Transport = 'udp' | 'tcp';
type Fields = Record<string, string>;

export interface Content {
  body?: string;
  /** `application/sdp` where there is a body and nothing else is said. */
  contentType?: string;
  headers?: Fields;
}

let serial = 0;
const unique = () => `${process.pid.toString(36)}${(++serial).toString(36)}`;

export class UserAgent {
  readonly transport: Transport;
  readonly port: number;
  readonly name: string;
  readonly #write: (text: string) => void;
  readonly #close: () => Promise<void>;
  readonly #seen = new Set<string>();
  /** Arrived and not yet asked for. */
  readonly #inbox: Message[] = [];
  readonly #waiting = new Set<(message: Message) => boolean>();

  /** Opens a socket; over TCP the connection to the server too. */
  static async open(transport: Transport, server: Address, name: string): Promise<UserAgent> {
    return transport === 'udp' ? openUdp(server, name) : openTcp(server, name);
  }

  constructor(
    transport: Transport,
    port: number,
    name: string,
    write: (text: string) => void,
    close: () => Promise<void>,
  ) {
    this.transport = transport;
    this.port = port;
    this.name = name;
    this.#write = write;
    this.#close = close;
  }

  get contact(): string {
    const transport = this.transport === 'tcp' ? ';transport=tcp' : '';
    return `sip:${this.name}@127.0.0.1:${this.port}${transport}`;
  }

  send(text: string): void {
    this.#write(text);
  }

  receive(message: Message): void {
    if (this.#seen.has(message.raw)) return;
    this.#seen.add(message.raw);
    for (const take of this.#waiting) if (take(message)) return;
    this.#inbox.push(message);
  }

  /** @returns the first message, come or to come, that fits; no other call gets it then */
  next(what: string, fits: (message: Message) => boolean): Promise<Message> {
    const at = this.#inbox.findIndex(fits);
    const [found] = at < 0 ? [] : this.#inbox.splice(at, 1);
    if (found) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const take = (message: Message) => {
        if (!fits(message)) return false;
        clearTimeout(timer);
        this.#waiting.delete(take);
        resolve(message);
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(take);
        const inbox = this.#inbox.map(({ raw }) => raw.split('\r\n', 1)[0]).join(', ');
        reject(new Error(`${this.name}: ${what} did not come; there is: ${inbox}`));
      }, patienceMs);
      this.#waiting.add(take);
    });
  }

  /** @returns the requests that have come and were not asked for, first lines only, ACKs left out */
  get leftOver(): string[] {
    return this.#inbox
      .filter(({ method }) => method !== undefined && method !== 'ACK')
      .map(({ raw }) => raw.split('\r\n', 1)[0] as string);
  }

  async incoming(method: string): Promise<IncomingRequest> {
    return new IncomingRequest(this, await this.next(method, (message) => message.method === method));
  }

  via(branch: string): string {
    const { transport, port } = this;
    return `SIP/2.0/${transport.toUpperCase()} 127.0.0.1:${port};rport;branch=${branch}`;
  }

  invite(uri: string, content: Content & { from?: string; callId?: string } = {}): OutgoingInvite {
    return new OutgoingInvite(this, uri, content);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

async function openUdp(server: Address, name: string): Promise<UserAgent> {
  const socket: UdpSocket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  const close = () => new Promise<void>((resolve) => socket.close(() => resolve()));
  const write = (text: string) => socket.send(text, server.port, server.host);
  const agent = new UserAgent('udp', port, name, write, close);
  socket.on('message', (bytes) => {
    const taken = takeMessage(bytes);
    if (taken) agent.receive(taken.message);
  });
  return agent;
}

async function openTcp(server: Address, name: string): Promise<UserAgent> {
  const socket: Socket = connect(server.port, server.host);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  // A server that is killed resets the connection: a test that cares asks for a message and waits in vain.
  socket.on('error', () => {});
  const close = async () => void socket.destroy();
  const write = (text: string) => void socket.write(text);
  const agent = new UserAgent('tcp', socket.localPort as number, name, write, close);
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let taken = takeMessage(bytes); taken; taken = takeMessage(bytes)) {
      bytes = Buffer.from(taken.rest);
      agent.receive(taken.message);
    }
  });
  return agent;
}

function contentHeaders({ body, contentType, headers = {} }: Content): [string, string][] {
  const fields = Object.entries(headers);
  return body ? [...fields, ['Content-Type', contentType ?? 'application/sdp']] : fields;
}

/** One side of a dialog. */
export class UaDialog {
  readonly agent: UserAgent;
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly target: string;
  #cseq: number;

  constructor(agent: UserAgent, callId: string, local: string, remote: string, target: string, cseq: number) {
    this.agent = agent;
    this.callId = callId;
    this.local = local;
    this.remote = remote;
    this.target = target;
    this.#cseq = cseq;
  }

  /** Sends a request. @returns its CSeq number */
  send(method: string, content: Content = {}, cseq = ++this.#cseq): number {
    const headers: [string, string][] = [
      ['Via', this.agent.via(`z9hG4bK${unique()}`)],
      ['Max-Forwards', '70'],
      ['From', this.local],
      ['To', this.remote],
      ['Call-ID', this.callId],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', `<${this.agent.contact}>`],
      ...contentHeaders(content),
    ];
    this.agent.send(format(`${method} ${this.target} SIP/2.0`, headers, content.body));
    return cseq;
  }

  answerTo(cseq: number, method: string, fits: (status: number) => boolean = (status) => status >= 200) {
    return this.agent.next(
      `answer to ${method}`,
      (message) =>
        message.status !== undefined &&
        fits(message.status) &&
        header(message, 'call-id') === this.callId &&
        header(message, 'cseq') === `${cseq} ${method}`,
    );
  }

  /** Sends a request and waits for its final answer; acknowledges that of an INVITE unless told not to. */
  async request(
    method: string,
    content: Content & { noAck?: true } = {},
  ): Promise<Message & { cseq: number }> {
    const cseq = this.send(method, content);
    const answer = await this.answerTo(cseq, method);
    if (method === 'INVITE' && !content.noAck) this.send('ACK', {}, cseq);
    return { ...answer, cseq };
  }

  bye(): Promise<Message> {
    return this.request('BYE');
  }
}

/** An INVITE that the agent sent, until its final answer. */
export class OutgoingInvite {
  readonly agent: UserAgent;
  readonly uri: string;
  readonly callId: string;
  readonly #from: string;
  readonly #branch = `z9hG4bK${unique()}`;

  constructor(agent: UserAgent, uri: string, content: Content & { from?: string; callId?: string }) {
    this.agent = agent;
    this.uri = uri;
    this.callId = content.callId ?? `call-${unique()}`;
    this.#from = `${content.from ?? `"Ann" <sip:ann@127.0.0.1>`};tag=${unique()}`;
    const headers: [string, string][] = [
      ...this.#headers('INVITE'),
      ['Contact', `<${agent.contact}>`],
      ...contentHeaders(content),
    ];
    agent.send(format(`INVITE ${uri} SIP/2.0`, headers, content.body));
  }

  #headers(method: string): [string, string][] {
    return [
      ['Via', this.agent.via(this.#branch)],
      ['Max-Forwards', '70'],
      ['From', this.#from],
      ['To', `<${this.uri}>`],
      ['Call-ID', this.callId],
      ['CSeq', `1 ${method}`],
    ];
  }

  cancel(): void {
    this.agent.send(format(`CANCEL ${this.uri} SIP/2.0`, this.#headers('CANCEL')));
  }

  /** @returns the answer with this status, or the first final one where no status is given */
  async answer(status?: number): Promise<Message> {
    return this.agent.next(
      `${status ?? 'final'} answer`,
      (message) =>
        message.status !== undefined &&
        (status === undefined ? message.status >= 200 : message.status === status) &&
        header(message, 'call-id') === this.callId &&
        header(message, 'cseq') === '1 INVITE',
    );
  }

  /** Waits for the refusal and acknowledges it. */
  async refusal(): Promise<Message> {
    const refusal = await this.answer();
    const headers = this.#headers('ACK').map(([name, value]): [string, string] =>
      name === 'To' ? [name, header(refusal, 'to')] : [name, value],
    );
    this.agent.send(format(`ACK ${this.uri} SIP/2.0`, headers));
    return refusal;
  }

  /** Waits for the 200 and acknowledges it. */
  async established(ack: Content = {}): Promise<{ answer: Message; dialog: UaDialog }> {
    const answer = await this.answer(200);
    return { answer, dialog: this.acknowledge(answer, ack) };
  }

  acknowledge(answer: Message, ack: Content = {}): UaDialog {
    const target = /<([^>]*)>/.exec(header(answer, 'contact'))?.[1] as string;
    const dialog = new UaDialog(this.agent, this.callId, this.#from, header(answer, 'to'), target, 1);
    dialog.send('ACK', ack, 1);
    return dialog;
  }

  /** The early dialog of a provisional answer. */
  early(answer: Message): UaDialog {
    return new UaDialog(this.agent, this.callId, this.#from, header(answer, 'to'), this.uri, 1);
  }
}

/** A request that came in, in or out of a dialog. */
export class IncomingRequest {
  readonly agent: UserAgent;
  readonly message: Message;
  readonly #tag = unique();

  constructor(agent: UserAgent, message: Message) {
    this.agent = agent;
    this.message = message;
  }

  get body(): string {
    return this.message.body;
  }

  header(name: string): string {
    return header(this.message, name);
  }

  get #to(): string {
    const to = this.header('to');
    return tagOf(to) === undefined ? `${to};tag=${this.#tag}` : to;
  }

  reply(status: number, content: Content & { reason?: string } = {}): void {
    const { headers } = this.message;
    const copied = (name: string) =>
      (headers.get(name) ?? []).map((value): [string, string] => [name, value]);
    this.agent.send(
      format(
        `SIP/2.0 ${status} ${content.reason ?? 'Whatever'}`,
        [
          ...copied('via'),
          ...copied('record-route'),
          ...copied('from'),
          ['To', this.#to],
          ...copied('call-id'),
          ...copied('cseq'),
          ['Contact', `<${this.agent.contact}>`],
          ...contentHeaders(content),
        ],
        content.body,
      ),
    );
  }

  /** @returns the ACK of a final answer to this INVITE */
  ack(): Promise<Message> {
    const cseq = `${Number.parseInt(this.header('cseq'), 10)} ACK`;
    return this.agent.next(
      'ACK',
      (message) =>
        message.method === 'ACK' &&
        header(message, 'call-id') === this.header('call-id') &&
        header(message, 'cseq') === cseq,
    );
  }

  /** Answers 200 and waits for the ACK. */
  async accept(content: Content = {}): Promise<{ ack: Message; dialog: UaDialog }> {
    this.reply(200, content);
    const ack = await this.ack();
    return { ack, dialog: this.dialog() };
  }

  /** This side of the dialog that the INVITE made. */
  dialog(): UaDialog {
    const target = /<([^>]*)>/.exec(this.header('contact'))?.[1] as string;
    return new UaDialog(this.agent, this.header('call-id'), this.#to, this.header('from'), target, 0);
  }
}
