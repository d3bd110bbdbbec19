import type { ServerTransaction, Timer } from '../../sip-stack/index.ts';
import type { Core } from '../core.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { AppClient } from './app-clients.ts';

/** A request from the network that an application is to answer. */
export interface Pending {
  transaction: ServerTransaction;
  client: AppClient;
  /** The dialog it came in, or the early one of an INVITE that was answered provisionally. */
  dialog: Dialog | undefined;
  /** The request came within the dialog. */
  inDialog: boolean;
  /** Ends the wait for an application that says nothing. */
  deadline: Timer;
}

/** The requests that wait for an application, by the id that it answers with. */
export class PendingRequests {
  private readonly core: Core;
  private readonly byId = new Map<string, Pending>();
  /** Those on which the application has not said a word, with the address they came from, and how many each has. */
  private readonly unheard = new Map<ServerTransaction, string>();
  private readonly unheardOf = new Map<string, number>();

  constructor(core: Core) {
    this.core = core;
  }

  get size(): number {
    return this.byId.size;
  }

  get(id: string): Pending | undefined {
    return this.byId.get(id);
  }

  /** @param dialog the one that the request came in. @returns the new id */
  add(transaction: ServerTransaction, client: AppClient, dialog: Dialog | undefined): string {
    const id = crypto.randomUUID();
    const { endpoint, limits, log } = this.core;
    const deadline = endpoint.timers.after(limits.pendingMs, () => {
      this.byId.delete(id);
      this.heard(transaction);
      // Whoever sent another request has given it up (timer F).
      if (!transaction.isInvite) transaction.abandon();
      else {
        log.warn({ callId: transaction.incoming.envelope.callId }, 'application did not answer');
        transaction.reply({ status: 500 });
      }
    });
    this.byId.set(id, { transaction, client, dialog, inDialog: dialog !== undefined, deadline });
    const { address } = transaction.incoming.source;
    this.unheard.set(transaction, address);
    this.unheardOf.set(address, (this.unheardOf.get(address) ?? 0) + 1);
    return id;
  }

  /** @returns whether an address has so many requests waiting that a further one is forgotten */
  isFull(address: string): boolean {
    return (this.unheardOf.get(address) ?? 0) >= this.core.limits.maxUnheardPerAddress;
  }

  /** The application has said something on a request, or it is over. */
  heard(transaction: ServerTransaction): void {
    const address = this.unheard.get(transaction);
    if (address === undefined) return;
    this.unheard.delete(transaction);
    const left = (this.unheardOf.get(address) ?? 1) - 1;
    if (left > 0) this.unheardOf.set(address, left);
    else this.unheardOf.delete(address);
  }

  remove(id: string): void {
    const pending = this.byId.get(id);
    if (pending === undefined) return;
    this.heard(pending.transaction);
    pending.deadline.cancel();
    this.byId.delete(id);
  }

  /** Removes a request and, of an INVITE that came to nothing, its early dialog. */
  removeWithDialog(id: string): void {
    const { dialog, inDialog } = this.byId.get(id) ?? {};
    if (dialog && !inDialog && !dialog.confirmed) this.core.dialogs.remove(dialog);
    this.remove(id);
  }

  [Symbol.iterator](): IterableIterator<[id: string, pending: Pending]> {
    return this.byId.entries();
  }
}
