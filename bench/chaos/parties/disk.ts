import type { CallJournal, CallNote, KeptCall } from '../../../sip-edge/call/journal.ts';
import type { Entry } from '../../../sip-edge/outbox/batch.ts';
import type { KeptFacts } from '../../../sip-edge/outbox/outbox.ts';

/** What an edge keeps on disk: it outlives its application, and ends with its task. */
export class Disk {
  readonly calls = new Map<string, KeptCall>();
  /** By id, as the outbox has them. */
  readonly facts = new Map<string, Entry>();

  readonly journal: Pick<CallJournal, 'begin' | 'left'> = {
    begin: (begun) => this.#noteOf({ ...begun, offers: [] }),
    left: () =>
      [...this.calls.values()].map((call) => {
        const kept = structuredClone(call);
        return { kept, note: this.#noteOf(kept) };
      }),
  };

  /** @param onLeftOver gets what the application of before has left */
  openFacts(onLeftOver: (left: Entry[]) => void): KeptFacts {
    let isOpen = false;
    return {
      tend: () => {
        if (isOpen) return;
        isOpen = true;
        onLeftOver([...this.facts.values()]);
      },
      add: (entry) => {
        entry.isStored = true;
        this.facts.set(entry.id, entry);
      },
      remove: (entries) => {
        for (const { id } of entries) this.facts.delete(id);
      },
      addMissing: () => {},
      sync: () => {},
      close: () => {},
    };
  }

  /** As a file is: written anew each time, whether somebody has removed it or not. */
  #noteOf(call: KeptCall): CallNote {
    const write = () => void this.calls.set(call.txnId, structuredClone(call));
    write();
    return {
      offered: (to) => {
        call.offers.push(to);
        write();
      },
      cancelled: () => {
        call.isCancelled = true;
        write();
      },
      answered: (answered) => {
        call.answered = answered;
        write();
      },
      over: () => void this.calls.delete(call.txnId),
    };
  }
}
