import {
  mostMessagesTold,
  type SipMessage,
  sipMethod,
  type ToldMessages,
} from '../../contracts/sip-message.ts';
import type { Passing } from '../drachtio/wire-bytes.ts';
import type { Clock } from '../ports.ts';
import type { Side } from './leg/leg.ts';

/** Of more messages than are told the first ones are kept, which set the call up, and the last. */
const firstKept = 28;

interface Watched {
  readonly of: CallMessages;
  readonly side: Side;
  /** Of a transaction whose request has come. */
  readonly method?: string;
}

/**
 * The SIP messages of the calls that an edge holds, in short. All that passes between drachtio and this application is
 * looked at where it passes, and what belongs to a call by its transaction or its dialog is noted there.
 */
export class SipMessages {
  readonly #clock: Clock;
  /** By drachtio's ids of transactions and of dialogs. */
  readonly #watched = new Map<string, Watched>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A call whose INVITE has come. */
  begin(txnId: string, dialogId: string, receivedAt: number): CallMessages {
    const messages = new CallMessages(this.#clock, this.#watched);
    messages.watch('caller', txnId, 'INVITE');
    messages.watch('caller', dialogId);
    messages.note('caller', 'received', 'INVITE', undefined, receivedAt);
    return messages;
  }

  /** A call that is up, and that another application began. */
  resume(callerDialogId: string, gatewayDialogId: string): CallMessages {
    const messages = new CallMessages(this.#clock, this.#watched);
    messages.watch('caller', callerDialogId);
    messages.watch('gateway', gatewayDialogId);
    return messages;
  }

  /** To be told of each message before the application acts on it. */
  see({ direction, txnId, dialogId, startLine, cseqMethod }: Passing): void {
    const watched = this.#watched.get(txnId) ?? this.#watched.get(dialogId);
    if (watched === undefined) return;
    const { of, side } = watched;
    const [, code] = /^SIP\/2\.0 ([1-6]\d\d)/i.exec(startLine) ?? [];
    if (code === undefined) {
      const method = startLine.slice(0, startLine.indexOf(' '));
      if (direction === 'received' && !unanswered.has(method)) of.watch(side, txnId, method);
      of.note(side, direction, method);
    } else {
      const status = Number(code);
      of.note(side, direction, watched.method ?? cseqMethod() ?? '', status);
      if (direction === 'sent' && status >= 200) of.unwatch(txnId);
    }
  }
}

/** What an answer to goes without the application. */
const unanswered: ReadonlySet<string> = new Set(['ACK', 'CANCEL']);

/** Those of one call. */
export class CallMessages {
  readonly #clock: Clock;
  readonly #all: Map<string, Watched>;
  readonly #ids = new Set<string>();
  #notes: SipMessage[] = [];
  #leftOut = 0;

  constructor(clock: Clock, all: Map<string, Watched>) {
    this.#clock = clock;
    this.#all = all;
  }

  /**
   * What passes by this id from here on is of the call.
   * @param id drachtio's, of a transaction or a dialog. @param method of a transaction's request
   */
  watch(side: Side, id: string, method?: string): void {
    if (id === '') return;
    this.#all.set(id, { of: this, side, ...(method && { method }) });
    this.#ids.add(id);
  }

  /** Its INVITE has gone to a gateway. */
  offered(txnId: string, dialogId: string): void {
    this.watch('gateway', txnId, 'INVITE');
    this.watch('gateway', dialogId);
    this.note('gateway', 'sent', 'INVITE');
  }

  unwatch(id: string): void {
    if (this.#all.get(id)?.of === this) this.#all.delete(id);
    this.#ids.delete(id);
  }

  note(
    leg: Side,
    direction: SipMessage['direction'],
    method: string,
    status?: number,
    at = this.#clock.now(),
  ): void {
    if (!sipMethod.test(method)) return;
    // The edge asks by OPTIONS whether the two are there, again and again: what is not well is worth telling.
    if (method === 'OPTIONS' && (status ?? 0) < 300) return;
    if (this.#notes.length >= mostMessagesTold) {
      this.#notes.splice(firstKept, 1);
      this.#leftOut += 1;
    }
    this.#notes.push({ at, leg, direction, method, ...(status !== undefined && { status }) });
  }

  /** @returns those since the last time, for a fact */
  take(): ToldMessages {
    const messages = this.#notes;
    const leftOut = this.#leftOut;
    this.#notes = [];
    this.#leftOut = 0;
    return { ...(messages.length > 0 && { messages }), ...(leftOut > 0 && { messagesLeftOut: leftOut }) };
  }

  /** The call is over: nothing of it is looked at any more. */
  over(): void {
    for (const id of this.#ids) this.unwatch(id);
  }
}
