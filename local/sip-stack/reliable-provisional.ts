import { randomInt } from 'node:crypto';
import type { NewResponse } from '../../sip/message/build.ts';
import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import { listOf } from '../../sip/parameters.ts';
import type { SipTimers, Timers } from './timers.ts';
import type { Incoming } from './transport/transport.ts';
import { repeatUntilAck } from './uas-2xx.ts';

const option = '100rel';
const highestFirstRseq = 0x7fff_ffff;
const rackPattern = /^\s*(\d{1,10})\s+(\d{1,10})\s+INVITE\s*$/;

/** The answers of an endpoint whose PRACK has not come, by what it has in common with them. */
export type UnacknowledgedAnswers = Map<string, ReliableProvisionals>;

/** The transaction of the INVITE that is answered. */
interface InviteTransaction {
  readonly incoming: Incoming<SipRequest>;
  readonly localTag: string;
  reply(answer: NewResponse): unknown;
  /** Sends the last answer again. */
  retransmit(): void;
}

/** What reliable answers need of the endpoint. */
export interface ReliableHost {
  timers: Timers;
  settings: SipTimers;
  unacknowledged: UnacknowledgedAnswers;
}

/** @returns whether provisional answers to an INVITE must be reliable */
export const requiresReliable = ({ headers }: SipRequest): boolean =>
  listOf(headers.getAll('require')).some((one) => one.toLowerCase() === option);

const keyOf = (callId: string, toTag: string, rseq: number, cseq: number): string =>
  `${rseq}|${cseq}|${toTag}|${callId}`;

/** @returns whether a request was the PRACK of such an answer: it is then to be answered by 200 */
export function takePrack(
  { message, envelope }: Incoming<SipRequest>,
  unacknowledged: UnacknowledgedAnswers,
): boolean {
  if (message.method !== 'PRACK') return false;
  const [, rseq, cseq] = rackPattern.exec(message.headers.get('rack') ?? '') ?? [];
  const key = keyOf(envelope.callId, envelope.toTag ?? '', Number(rseq), Number(cseq));
  const answers = unacknowledged.get(key);
  answers?.acknowledged();
  return answers !== undefined;
}

/**
 * The provisional answers to an INVITE that requires them to be reliable (RFC 3262 3). Each is repeated until its PRACK;
 * of those that are to be said meanwhile the latest goes out then. Without a PRACK the INVITE is refused.
 */
export class ReliableProvisionals {
  private readonly transaction: InviteTransaction;
  private readonly host: ReliableHost;
  private readonly send: (response: SipResponse) => void;
  private rseq = randomInt(1, highestFirstRseq);
  /** Ends the repeating of the one that waits for its PRACK. */
  private stop: (() => void) | undefined;
  private next: SipResponse | undefined;

  constructor(transaction: InviteTransaction, host: ReliableHost, send: (response: SipResponse) => void) {
    this.transaction = transaction;
    this.host = host;
    this.send = send;
  }

  say(response: SipResponse): void {
    if (this.stop) {
      this.next = response;
      return;
    }
    response.headers.append('Require', option).append('RSeq', `${this.rseq}`);
    this.send(response);
    const { timers, settings, unacknowledged } = this.host;
    // Unlike a 2xx, it is repeated ever more rarely.
    const stopRepeating = repeatUntilAck(this.transaction, timers, { ...settings, t2Ms: Infinity }, () =>
      this.transaction.reply({ status: 503, reason: 'Reliable Response Time-Out' }),
    );
    const { callId, cseq } = this.transaction.incoming.envelope;
    const key = keyOf(callId, this.transaction.localTag, this.rseq, cseq.number);
    unacknowledged.set(key, this);
    this.stop = () => {
      stopRepeating();
      unacknowledged.delete(key);
      this.stop = undefined;
    };
  }

  acknowledged(): void {
    const { next } = this;
    this.end();
    this.rseq += 1;
    if (next) this.say(next);
  }

  /** The final answer is there: it says all that they did. */
  end(): void {
    this.next = undefined;
    this.stop?.();
  }
}
