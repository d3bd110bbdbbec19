import { createResponse, type NewResponse, newTag } from '../../sip/message/build.ts';
import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import { serialize } from '../../sip/message/serialize.ts';
import { type ReliableHost, ReliableProvisionals, requiresReliable } from './reliable-provisional.ts';
import type { Timer } from './timers.ts';
import type { Incoming, SendResult, Target } from './transport/transport.ts';

/** What a server transaction needs of the endpoint. */
export interface ServerTransactionHost extends ReliableHost {
  send(bytes: Buffer, target: Target, done?: SendResult): void;
  /** Takes the transaction out of the table, or leaves only what answers a retransmission there. */
  replace(key: string, by: { retransmission(): void } | undefined): void;
}

export type ServerState = 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

/**
 * A request from the network and its answers (RFC 3261 17.2, RFC 6026): absorbs retransmissions of the request,
 * repeats the answer to them, and repeats 300-699 to an INVITE until the ACK, and what must be reliable until the PRACK.
 * Repeating a 2xx until its ACK is the user's part, as the RFC has it: `retransmit` (see `uas-2xx.ts`).
 */
export class ServerTransaction {
  readonly incoming: Incoming<SipRequest>;
  readonly isInvite: boolean;
  /** Called when the caller gives up before a final answer. The CANCEL is answered already; answer the INVITE with 487. */
  onCancel: ((cancel: Incoming<SipRequest>) => void) | undefined;
  state: ServerState = 'proceeding';

  private readonly key: string;
  private readonly host: ServerTransactionHost;
  private readonly answerTo: Target;
  /** Undefined where they need not be reliable. */
  private readonly provisionals: ReliableProvisionals | undefined;
  private last: Buffer | undefined;
  private tag: string | undefined;
  private repeat: Timer | undefined;
  private end: Timer | undefined;

  constructor(incoming: Incoming<SipRequest>, key: string, answerTo: Target, host: ServerTransactionHost) {
    this.incoming = incoming;
    this.isInvite = incoming.message.method === 'INVITE';
    this.key = key;
    this.answerTo = answerTo;
    this.host = host;
    if (this.isInvite && requiresReliable(incoming.message))
      this.provisionals = new ReliableProvisionals(this, host, (response) => this.transmit(response));
  }

  /** Our To tag: the same in all answers. Set it before the first answer to choose it. */
  get localTag(): string {
    this.tag ??= this.incoming.envelope.toTag ?? newTag();
    return this.tag;
  }
  set localTag(tag: string) {
    this.tag = tag;
  }

  /** False where the connection that brought the request is gone: an answer needs a new one. */
  get isConnected(): boolean {
    return this.answerTo.connection?.open !== false;
  }

  /** Whether an answer can still be given. */
  get pending(): boolean {
    return this.state === 'proceeding';
  }

  /**
   * Answers. A To tag is added to all but 100.
   * @param done called when it was sent by a new connection, or could not be
   * @returns what was sent, or undefined where the final answer has been given already
   * @throws SipHeaderError on a line break in a header
   */
  reply(answer: NewResponse, done?: SendResult): SipResponse | undefined {
    const withTag = answer.status > 100 ? { ...answer, toTag: this.localTag } : answer;
    const response = createResponse(this.incoming.message, withTag);
    return this.respond(response, done) ? response : undefined;
  }

  /** Sends a built answer. @returns false where the final answer has been given already */
  respond(response: SipResponse, done?: SendResult): boolean {
    if (!this.pending) return false;
    const { status } = response;
    if (status >= 200) this.provisionals?.end();
    if (this.provisionals && status > 100 && status < 200) this.provisionals.say(response);
    else this.transmit(response, done);
    if (status >= 200) this.finish(status);
    return true;
  }

  private transmit(response: SipResponse, done?: SendResult): void {
    this.last = serialize(response);
    this.host.send(this.last, this.answerTo, done);
  }

  /** Size of the last answer. */
  get answerBytes(): number {
    return this.last?.length ?? 0;
  }

  /** Sends the last answer again. */
  retransmit(): void {
    if (this.last) this.host.send(this.last, this.answerTo);
  }

  /** Forgets a request that nobody will answer. */
  abandon(): void {
    this.terminate();
  }

  /** The request came again. */
  retransmission(): void {
    // The 2xx to an INVITE is repeated by its own clock (RFC 6026 7.1).
    if (this.state === 'proceeding' || this.state === 'completed') this.retransmit();
  }

  /** The ACK of this transaction came. @returns true where it acknowledges a 2xx, which is the user's to handle */
  acknowledged(): boolean {
    if (this.state === 'accepted') return true;
    if (this.state === 'completed' && this.isInvite) {
      this.repeat?.cancel();
      this.end?.cancel();
      this.state = 'confirmed';
      const timerI = this.reliable ? 0 : this.host.settings.t4Ms;
      if (timerI === 0) this.terminate();
      else this.end = this.host.timers.after(timerI, () => this.terminate());
    }
    return false;
  }

  private get reliable(): boolean {
    return this.incoming.source.protocol === 'tcp';
  }

  private finish(status: number): void {
    const { timers, settings } = this.host;
    const longMs = 64 * settings.t1Ms;
    if (!this.isInvite) {
      this.state = 'completed';
      if (this.reliable) {
        this.terminate();
        return;
      }
      remember(this.last as Buffer, this.answerTo, this.key, this.host);
    } else if (status < 300) {
      this.state = 'accepted';
      this.end = timers.after(longMs, () => this.terminate());
    } else {
      this.state = 'completed';
      if (!this.reliable) this.repeatAfter(settings.t1Ms);
      this.end = timers.after(longMs, () => this.terminate());
    }
  }

  private repeatAfter(ms: number): void {
    this.repeat = this.host.timers.after(ms, () => {
      this.retransmit();
      this.repeatAfter(Math.min(ms * 2, this.host.settings.t2Ms));
    });
  }

  private terminate(): void {
    this.state = 'terminated';
    this.provisionals?.end();
    this.repeat?.cancel();
    this.end?.cancel();
    this.host.replace(this.key, undefined);
  }
}

/**
 * Keeps only the answer's bytes for timer J, in place of the transaction: thousands of answered REGISTERs wait out
 * their 32 s at any time. A function of its own, because a closure made within the transaction would keep all of it.
 */
function remember(bytes: Buffer, target: Target, key: string, host: ServerTransactionHost): void {
  host.replace(key, new Remembered(bytes, target, host));
  host.timers.after(64 * host.settings.t1Ms, () => host.replace(key, undefined));
}

/** Answers retransmissions of a request that has its final answer. */
class Remembered {
  private readonly bytes: Buffer;
  private readonly target: Target;
  private readonly host: ServerTransactionHost;

  constructor(bytes: Buffer, target: Target, host: ServerTransactionHost) {
    this.bytes = bytes;
    this.target = target;
    this.host = host;
  }

  retransmission(): void {
    this.host.send(this.bytes, this.target);
  }
}
