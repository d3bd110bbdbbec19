import { learnedFrom, requestInDialog } from '../../../sip/dialog.ts';
import type { SipResponse } from '../../../sip/message/message.ts';
import type { Incoming, Target } from '../../sip-stack/index.ts';
import type { Core } from '../core.ts';
import type { Dialog } from './dialog.ts';
import { NoRouteError, sendAckOf, withDialogTarget } from './dialog-request.ts';
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
  if (dialog.confirmed && (envelope.toTag ?? '') !== dialog.remoteTag) {
    endFork(core, dialog, answer);
    return false;
  }
  const ack = dialog.acks.get(cseq);
  if (ack) {
    // It did not get our ACK.
    core.endpoint.sendBytes(ack.bytes, ack.target);
    return false;
  }
  if (dialog.unacknowledged.has(cseq)) return false;
  if (dialog.confirmed) dialog.retarget(message.headers);
  else dialog.learnFrom(answer);
  dialog.confirmed = true;
  dialog.unacknowledged.add(cseq);
  refreshedByUs(core, dialog, message);
  return true;
}

/**
 * A 2xx of another branch than the one that the dialog is with: acknowledged, each time that it comes, and ended (RFC 3261
 * 13.2.2.4).
 */
function endFork(core: Core, dialog: Dialog, { message, envelope, source }: Incoming<SipResponse>): void {
  const tag = envelope.toTag ?? '';
  const fork = { ...dialog, ...learnedFrom(message, dialog), flow: source };
  const cseq = envelope.cseq.number;
  const isNew = !dialog.forks.has(tag);
  dialog.forks.add(tag);
  const send = (target: Target) => {
    core.endpoint.sendAck(requestInDialog(fork, { method: 'ACK', cseq }), target);
    const bye = requestInDialog(fork, { method: 'BYE', cseq: cseq + 1 });
    if (isNew) core.endpoint.sendRequest(bye, target, { onResponse() {}, onError() {} });
  };
  const failed = (error: Error) =>
    core.log.warn({ callId: dialog.callId, error: error.message }, 'fork not ended');
  try {
    withDialogTarget(fork, send, failed);
  } catch (error) {
    failed(error as Error);
  }
}

/** After a 2xx for a dialog that is over, or to a re-INVITE of an application that is gone: nobody else would acknowledge it. */
export function settleAbandoned(core: Core, dialog: Dialog): void {
  const [cseq] = dialog.unacknowledged;
  if (cseq === undefined) return;
  dialog.unacknowledged.delete(cseq);
  core.log.warn({ callId: dialog.callId }, 'INVITE answered after its dialog or application was gone');
  try {
    sendAckOf(core, dialog, cseq, {}, () => {});
  } catch (error) {
    if (!(error instanceof NoRouteError)) throw error;
    core.dialogs.remove(dialog);
  }
}
