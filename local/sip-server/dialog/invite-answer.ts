import type { SipResponse } from '../../../sip/message/message.ts';
import type { Incoming } from '../../sip-stack/index.ts';
import type { Core } from '../core.ts';
import { endByServer } from './bye.ts';
import type { Dialog } from './dialog.ts';
import { NoRouteError, sendAckOf } from './dialog-request.ts';
import { refreshedByUs } from './session-timer.ts';

/**
 * Takes into the dialog what an answer to our INVITE or re-INVITE says (RFC 3261 12.1.2, 13.2.2, 14.1), and
 * acknowledges again a 2xx that comes again.
 * @param answer above 100
 * @returns false for a 2xx that the application has seen already
 */
export function learnFromAnswer(core: Core, dialog: Dialog, answer: Incoming<SipResponse>): boolean {
  const { message, envelope } = answer;
  const cseq = envelope.cseq.number;
  if (message.status >= 300) {
    if (!dialog.confirmed) core.dialogs.remove(dialog);
    return true;
  }
  if (message.status < 200) {
    if (!dialog.confirmed && envelope.toTag !== undefined) dialog.learnFrom(answer);
    return true;
  }
  if (dialog.lastAck?.cseq === cseq) {
    // It did not get our ACK.
    core.endpoint.sendBytes(dialog.lastAck.bytes, dialog.lastAck.target);
    return false;
  }
  if (dialog.unacknowledged?.cseq === cseq) return false;
  if (dialog.confirmed) dialog.retarget(message.headers);
  else dialog.learnFrom(answer);
  dialog.confirmed = true;
  dialog.unacknowledged = { cseq };
  refreshedByUs(core, dialog, message);
  return true;
}

/**
 * After a 2xx for an application that is gone: nobody else would acknowledge it, nobody would hang up.
 * @param established the dialog was up before; it then goes on, and another application may take it over
 */
export function settleAbandoned(core: Core, dialog: Dialog, established: boolean): void {
  const cseq = dialog.unacknowledged?.cseq;
  if (cseq === undefined) return;
  dialog.unacknowledged = undefined;
  core.log.warn({ callId: dialog.callId, established }, 'INVITE answered after its application was gone');
  try {
    sendAckOf(core, dialog, cseq, {}, () => {
      if (!established) endByServer(core, dialog, 'application gone');
    });
  } catch (error) {
    if (!(error instanceof NoRouteError)) throw error;
    core.dialogs.remove(dialog);
  }
}
