import type { Dialog } from './dialog.ts';

/** The dialogs, found by drachtio's id (applications) and by Call-ID and local tag (requests of the peer). */
export class DialogTable {
  private readonly byId = new Map<string, Dialog>();
  private readonly byLocalTag = new Map<string, Dialog>();

  get size(): number {
    return this.byId.size;
  }

  add(dialog: Dialog): void {
    this.byId.set(dialog.id, dialog);
    this.byLocalTag.set(localKey(dialog.callId, dialog.localTag), dialog);
  }

  get(id: string): Dialog | undefined {
    return this.byId.get(id);
  }

  /** @returns the dialog that a request with these tags belongs to (RFC 3261 12.2.2) */
  find(callId: string, toTag: string, fromTag: string | undefined): Dialog | undefined {
    const dialog = this.byLocalTag.get(localKey(callId, toTag));
    // RFC 2543 peers have no tag.
    const matches = dialog?.remoteTag === undefined || dialog.remoteTag === (fromTag ?? '');
    return matches ? dialog : undefined;
  }

  /** Ends all clocks of the dialog and forgets it. */
  remove(dialog: Dialog): void {
    for (const stop of dialog.repeating.values()) stop();
    dialog.repeating.clear();
    dialog.stopSessionTimer?.();
    dialog.stopSessionTimer = undefined;
    if (this.byId.get(dialog.id) === dialog) this.byId.delete(dialog.id);
    const key = localKey(dialog.callId, dialog.localTag);
    if (this.byLocalTag.get(key) === dialog) this.byLocalTag.delete(key);
  }

  [Symbol.iterator](): IterableIterator<Dialog> {
    return this.byId.values();
  }
}

function localKey(callId: string, localTag: string): string {
  return `${localTag}|${callId}`;
}
