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
      const { message, envelope } = transaction.incoming;
      log.warn({ callId: envelope.callId, method: message.method }, 'application did not answer');
      transaction.reply({ status: 500 });
    });
    this.byId.set(id, { transaction, client, dialog, inDialog: dialog !== undefined, deadline });
    return id;
  }

  remove(id: string): void {
    this.byId.get(id)?.deadline.cancel();
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
