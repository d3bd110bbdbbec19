import type { Headers, Srf } from './srf.ts';

/** What drachtio knows a transaction or a dialog by: good on any connection. */
export type StackId = { readonly stackTxnId: string } | { readonly stackDialogId: string };

interface Insides {
  app?: { client?: { sendMessage(message: string, id: StackId): void } };
}

/**
 * Sends a message of a transaction or dialog that another connection began. Nobody is told what became of it.
 * @param startLine of a request, whose URI drachtio replaces, or of a response
 * @throws where there is no connection to drachtio
 */
export function sendById(srf: Srf, id: StackId, startLine: string, headers: Headers = {}): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // These are insides of drachtio-srf, as in batched-writes.ts: it answers only what it has been asked itself.
  (srf as unknown as Insides).app?.client?.sendMessage(`${startLine}\r\n${lines.join('')}\r\n`, id);
}
