import { refusalOf } from '../../drachtio/refuse.ts';
import { sendById } from '../../drachtio/send-by-id.ts';
import { pause } from '../../ports.ts';
import type { CallParts, SetupFailure } from '../call.ts';
import type { KeptCall, LeftCall, SentInvite } from '../journal.ts';
import { Leg, sendWhileConnected } from '../leg/leg.ts';
import { reportFailure } from '../report.ts';

/** When a gateway's answer is looked for that crossed the CANCEL, since nobody tells of it: so long after the look before. */
const lookAgainMs = [500, 1500, 3000, 5000];

type LeftSetupParts = Pick<CallParts, 'srf' | 'facts' | 'log' | 'clock'>;

/** Ends what is left of set-ups whose connection to drachtio is gone, and tells how those ended that others began. */
export class LeftSetups {
  readonly #parts: LeftSetupParts;
  readonly #closing: AbortSignal;
  readonly #atWork = new Set<string>();
  #cleared = Promise.withResolvers<void>();

  constructor(parts: LeftSetupParts, closing: AbortSignal) {
    this.#parts = parts;
    this.#closing = closing;
  }

  /** Settles when both sides of what was left have been told, on the next connection to come. */
  get cleared(): Promise<void> {
    return this.#cleared.promise;
  }

  /**
   * To be called as drachtio was (re)connected, before any call comes by the new connection.
   * @param left answered ones stay
   * @param held trace ids of calls whose application is this one, and tells of them
   * @returns those, and of the set-ups that are told here
   */
  clear(left: readonly LeftCall[], held: ReadonlySet<string>): Set<string> {
    const setups = left.filter(({ kept }) => kept.answered === undefined);
    for (const setup of setups) {
      const { txnId } = setup.kept;
      if (this.#atWork.has(txnId)) continue;
      this.#atWork.add(txnId);
      void this.#end(setup, !held.has(setup.kept.traceId)).finally(() => this.#atWork.delete(txnId));
    }
    this.#cleared.resolve();
    this.#cleared = Promise.withResolvers();
    return new Set([...held, ...setups.map(({ kept }) => kept.traceId)]);
  }

  async #end({ kept, note }: LeftCall, isUntold: boolean): Promise<void> {
    const { srf, log } = this.#parts;
    const { callId, txnId, dialogId, offers } = kept;
    log.warn(
      { callId, outcome: kept.isCancelled ? 'cancelled' : 'edge-lost' },
      'a set-up that was left is ended',
    );
    const { status, phrase, headers } = refusalOf('edge-lost', { callId });
    sendWhileConnected(() => sendById(srf, { stackTxnId: txnId }, `SIP/2.0 ${status} ${phrase}`, headers));
    // It may have had its 200 already, without anybody to say so.
    void new Leg(srf, 'caller', dialogId).bye();
    await Promise.all(offers.map((offer) => this.#endOffer(offer)));
    if (this.#closing.aborted) return;
    note.over();
    if (isUntold) reportFailure(this.#parts, { ...kept, failed: [] }, endOf(kept));
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

/** Its caller may have given up, and know it, while nobody else did. */
function endOf({ isCancelled }: KeptCall): SetupFailure {
  return isCancelled
    ? { result: 'cancelled', gatewayAnswered: false }
    : { result: 'refused', outcome: 'edge-lost', detail: 'restart in set-up' };
}
