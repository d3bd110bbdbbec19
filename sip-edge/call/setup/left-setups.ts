import { refusalOf } from '../../drachtio/refuse.ts';
import { sendById } from '../../drachtio/send-by-id.ts';
import { pause } from '../../ports.ts';
import type { CallParts } from '../call.ts';
import { Leg, sendWhileConnected } from '../leg/leg.ts';
import type { LeftSetup, SentInvite, SetupJournal } from './journal.ts';

/** When a gateway's answer is looked for that crossed the CANCEL, since nobody tells of it: so long after the look before. */
const lookAgainMs = [500, 1500, 3000, 5000];

type LeftSetupParts = Pick<CallParts, 'srf' | 'log' | 'clock'>;

/** Ends what is left of set-ups whose connection to drachtio is gone. */
export class LeftSetups {
  readonly #parts: LeftSetupParts;
  readonly #journal: Pick<SetupJournal, 'left'>;
  readonly #closing: AbortSignal;
  readonly #atWork = new Set<string>();
  #cleared = Promise.withResolvers<void>();

  constructor(parts: LeftSetupParts, journal: Pick<SetupJournal, 'left'>, closing: AbortSignal) {
    this.#parts = parts;
    this.#journal = journal;
    this.#closing = closing;
  }

  /** Settles when both sides of what was left have been told, on the next connection to come. */
  get cleared(): Promise<void> {
    return this.#cleared.promise;
  }

  /** To be called as drachtio was (re)connected, before any call comes by the new connection. */
  clear(): void {
    for (const setup of this.#journal.left()) {
      if (this.#atWork.has(setup.txnId)) continue;
      this.#atWork.add(setup.txnId);
      void this.#end(setup).finally(() => this.#atWork.delete(setup.txnId));
    }
    this.#cleared.resolve();
    this.#cleared = Promise.withResolvers();
  }

  async #end(setup: LeftSetup): Promise<void> {
    const { srf, log } = this.#parts;
    const { callId, txnId, dialogId, offers } = setup;
    log.warn({ callId, outcome: 'edge-lost' }, 'a set-up that was left is ended');
    const { status, phrase, headers } = refusalOf('edge-lost', { callId });
    sendWhileConnected(() => sendById(srf, { stackTxnId: txnId }, `SIP/2.0 ${status} ${phrase}`, headers));
    // It may have had its 200 already, without anybody to say so.
    void new Leg(srf, 'caller', dialogId).bye();
    await Promise.all(offers.map((offer) => this.#endOffer(offer)));
    if (!this.#closing.aborted) setup.forget();
  }

  /**
   * CANCEL, and where the gateway has answered, before or as the CANCEL came, ACK and BYE: drachtio keeps its dialog, but
   * tells nobody of it.
   */
  async #endOffer({ txnId, dialogId }: SentInvite): Promise<void> {
    const { srf, clock } = this.#parts;
    const signal = this.#closing;
    sendWhileConnected(() => sendById(srf, { stackTxnId: txnId }, 'CANCEL sip:placeholder SIP/2.0'));
    for (const waitMs of [0, ...lookAgainMs]) {
      await pause(clock, waitMs, signal);
      if (signal.aborted) return;
      sendWhileConnected(() => sendById(srf, { stackDialogId: dialogId }, 'ACK sip:placeholder SIP/2.0'));
      void new Leg(srf, 'gateway', dialogId).bye();
    }
  }
}
