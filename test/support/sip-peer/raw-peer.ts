import { createRequest, newBranch, newCallId, newTag } from '../../../sip/message/build.ts';
import { parseMessage, type SipMessage, type SipRequest } from '../../../sip/message/message.ts';
import { serialize } from '../../../sip/message/serialize.ts';
import { tagOf } from '../../../sip/name-addr.ts';
import { patienceMs } from '../patience.ts';
import type { Address } from '../sip-server.ts';
import {
  type Content,
  linesOf,
  type Received,
  ReceivedRequest,
  ReceivedResponse,
  titleOf,
} from './message.ts';
import { openWire, type Transport, type Wire } from './wire.ts';

const loopback = '127.0.0.1';

export interface PeerOptions {
  /** User part of its Contact. Default: one of its own, since a real drachtio remembers the connection of a user. */
  name?: string;
  /** The address of loopback that it sends from. */
  from?: string;
  /** Gives a message that came before, byte for byte, to nobody: it is a retransmission. */
  absorbsRepeats?: boolean;
}

export interface RequestParts extends Content {
  method: string;
  uri: string;
  /** Gets a tag where it has none. Default: this peer. */
  from?: string;
  /** Default: the URI. */
  to?: string;
  callId?: string;
  cseq?: number;
}

/**
 * The other side of the wire, packet by packet: it sends what a test says, repeats nothing and answers nothing by
 * itself, and keeps all that came. It reads and writes messages as sip/ does, and has nothing of the transactions,
 * dialogs and framing under test.
 */
export class RawPeer {
  readonly transport: Transport;
  /** Host of its Contact and Via; set another to stand behind a NAT. */
  host: string;
  /** All that came, in order. */
  readonly received: Received[] = [];
  /** All bytes that came, as UTF-8. */
  bytes = '';
  /** The connection is gone. */
  closed = false;
  #wire!: Wire;
  /** What nobody asked for yet. */
  readonly #unread: Received[] = [];
  readonly #waiting = new Set<(message: Received) => boolean>();
  readonly #handlers = new Map<string, (request: ReceivedRequest) => void>();
  readonly #options: PeerOptions;

  protected constructor(transport: Transport, options: PeerOptions) {
    this.transport = transport;
    this.#options = options;
    this.host = options.from ?? loopback;
  }

  /** Opens its socket; over TCP the connection to the server too. */
  protected async open(server: Address): Promise<void> {
    const { from = loopback, absorbsRepeats = false } = this.#options;
    const seen = new Set<string>();
    this.#wire = await openWire(this.transport, server, from, {
      onBytes: (bytes) => {
        this.bytes += bytes;
      },
      onPacket: (packet) => {
        const message = receivedFrom(packet);
        this.received.push(message);
        if (!absorbsRepeats || !seen.has(message.raw)) this.#offer(message);
        seen.add(message.raw);
      },
      onClose: () => {
        this.closed = true;
      },
    });
  }

  get name(): string {
    return this.#options.name ?? `peer${this.port}`;
  }

  get port(): number {
    return this.#wire.port;
  }

  get contact(): string {
    return this.contactOf(this.name);
  }

  /** @returns the URI of a user at this peer */
  contactOf(user: string): string {
    const transport = this.transport === 'tcp' ? ';transport=tcp' : '';
    return `sip:${user}@${this.host}:${this.port}${transport}`;
  }

  /** A Via value, of a new transaction. */
  via(): string {
    return `SIP/2.0/${this.transport.toUpperCase()} ${this.host}:${this.port};branch=${newBranch()};rport`;
  }

  /** @returns a request that is not sent yet. @throws SipHeaderError on a line break in a header */
  build({ method, uri, callId = newCallId(), cseq = 1, ...parts }: RequestParts): SipRequest {
    const { from = `<sip:${this.name}@${this.host}>`, to = `<${uri}>`, ...content } = parts;
    const request = createRequest({
      method,
      uri,
      from: tagOf(from) === undefined ? `${from};tag=${newTag()}` : from,
      to,
      callId,
      cseq,
      headers: linesOf(content),
      ...(content.body !== undefined && { body: content.body }),
    });
    request.headers.prepend('Via', this.via());
    return request;
  }

  /** Sends a message; sent again, it is a retransmission. */
  send<M extends SipMessage>(message: M): M {
    this.#wire.send(serialize(message));
    return message;
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Buffer | string): void {
    this.#wire.send(bytes);
  }

  /** Sends a request and waits for its final answer, which for an INVITE it does not acknowledge. */
  ask(parts: RequestParts): Promise<ReceivedResponse> {
    return this.answer(this.send(this.build(parts)));
  }

  /** @returns the next answer to this request. @param status the very one; default: the first that is final */
  answer({ headers }: SipRequest, status?: number): Promise<ReceivedResponse> {
    const [callId, cseq] = [headers.get('call-id'), headers.get('cseq')];
    return this.next(
      `${status ?? 'final'} answer to ${cseq}`,
      (message): message is ReceivedResponse =>
        message.kind === 'response' &&
        (status === undefined ? message.status >= 200 : message.status === status) &&
        message.headers.get('call-id') === callId &&
        message.headers.get('cseq') === cseq,
    );
  }

  /** @returns all answers so far with this Call-ID, whether asked for or not */
  answersTo(callId: string): ReceivedResponse[] {
    return this.received
      .filter((message) => message.kind === 'response')
      .filter(({ headers }) => headers.get('call-id') === callId);
  }

  /** @returns the next request of this method */
  request(method: string): Promise<ReceivedRequest> {
    return this.next(
      method,
      (message): message is ReceivedRequest => message.kind === 'request' && message.method === method,
    );
  }

  /**
   * @returns the first message, come or to come, that fits; nobody else gets it then
   * @throws Error after `patienceMs`, with what came instead
   */
  next<M extends Received>(what: string, fits: (message: Received) => message is M): Promise<M> {
    const at = this.#unread.findIndex(fits);
    const [found] = at < 0 ? [] : this.#unread.splice(at, 1);
    if (found) return Promise.resolve(found as M);
    return new Promise((resolve, reject) => {
      const offer = (message: Received) => {
        if (!fits(message)) return false;
        clearTimeout(timer);
        this.#waiting.delete(offer);
        resolve(message);
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(offer);
        const came = this.received.map(titleOf).join(', ');
        reject(new Error(`${this.name}: ${what} did not come; what came: ${came}`));
      }, patienceMs);
      this.#waiting.add(offer);
    });
  }

  /** From now on gives each request of this method to `handler`, and those that nobody asked for yet. */
  handle(method: string, handler: (request: ReceivedRequest) => void): void {
    this.#handlers.set(method, handler);
    for (const message of this.#unread.splice(0)) this.#offer(message);
  }

  /** @returns how many messages of this title came, e.g. `200 INVITE` */
  count(title: string): number {
    return this.received.filter((message) => titleOf(message) === title).length;
  }

  /** The first lines of the requests that nobody asked for, ACKs left out. */
  get leftOver(): string[] {
    return this.#unread
      .filter((message) => message.kind === 'request' && message.method !== 'ACK')
      .map(({ raw }) => raw.split('\r\n', 1)[0] as string);
  }

  /** Closes the socket, where it is not closed yet. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.#wire.close();
  }

  #offer(message: Received): void {
    const handler = message.kind === 'request' && this.#handlers.get(message.method);
    if (handler) handler(message);
    else if (![...this.#waiting].some((offer) => offer(message))) this.#unread.push(message);
  }
}

function receivedFrom(packet: Buffer): Received {
  const message = parseMessage(packet);
  const raw = packet.toString();
  return message.kind === 'request' ? new ReceivedRequest(message, raw) : new ReceivedResponse(message, raw);
}
