import { requestInDialog } from '../../../sip/dialog.ts';
import type { HeaderLine } from '../../../sip/message/headers.ts';
import { metaFields } from '../app/wire.ts';
import type { Core } from '../core.ts';
import type { Dialog } from './dialog.ts';
import { withDialogTarget } from './dialog-request.ts';

/**
 * Ends a dialog by a BYE of the server's own and tells the application, which sees it as a BYE of the peer.
 * @param why the text of the Reason header
 */
export function endByServer(core: Core, dialog: Dialog, why: string): void {
  const { owner } = dialog;
  core.dialogs.remove(dialog);
  const headers: HeaderLine[] = [['Reason', `SIP ;cause=200 ;text="${why}"`]];
  const bye = requestInDialog(dialog, { method: 'BYE', cseq: ++dialog.localSeq, headers });
  const failed = (error: Error) =>
    core.log.info({ callId: dialog.callId, error: error.message }, 'BYE not answered');
  try {
    withDialogTarget(
      dialog,
      (target) => {
        const transaction = core.endpoint.sendRequest(bye, target, { onResponse() {}, onError: failed });
        const meta = metaFields('application', transaction.bytes.length, target.protocol, target);
        owner?.notify(`sip|${meta}|unsolicited|${dialog.id}|`, bye);
      },
      failed,
    );
  } catch (error) {
    failed(error as Error);
  }
}
