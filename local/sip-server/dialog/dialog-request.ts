import { requestInDialog } from '../../../sip/dialog.ts';
import type { HeaderLine } from '../../../sip/message/headers.ts';
import type { SipRequest } from '../../../sip/message/message.ts';
import type { Target } from '../../sip-stack/index.ts';
import type { Core } from '../core.ts';
import { type DialogPath, dialogHop, type Hop, knownTarget, resolveHop } from '../next-hop.ts';
import type { Dialog } from './dialog.ts';

/** A dialog whose peer gave no Contact or Route that can be used. */
export class NoRouteError extends Error {
  override readonly name = 'NoRouteError';
}

/**
 * Finds where a request within a dialog goes and calls `use`: at once where the host is an address.
 * @param failed called where a name has no address
 * @throws NoRouteError where the URI is of no use
 */
export function withDialogTarget(
  dialog: DialogPath,
  use: (target: Target) => void,
  failed: (error: Error) => void,
): void {
  const hop = dialogHop(dialog);
  if (typeof hop === 'string') throw new NoRouteError(`unable to find route for ${dialog.remoteTarget}`);
  withTarget(hop, use, failed);
}

/** As `withDialogTarget`, for a hop that is known. */
export function withTarget(
  hop: Hop | Target,
  use: (target: Target) => void,
  failed: (error: Error) => void,
): void {
  const target = 'host' in hop ? knownTarget(hop) : hop;
  if (target) use(target);
  else if ('host' in hop) resolveHop(hop).then(use).catch(failed);
}

/** A 2xx comes again for half a minute: so many INVITEs in that time are more than any peer sends. */
const maxAcks = 16;

/** Sends the ACK of a 2xx to our INVITE and keeps it for a 2xx that comes again. */
export function sendAckOf(
  core: Core,
  dialog: Dialog,
  cseq: number,
  more: { headers?: readonly HeaderLine[]; body?: Buffer },
  sent: (ack: SipRequest, bytes: number, target: Target) => void,
): void {
  const ack = requestInDialog(dialog, { method: 'ACK', cseq, ...more });
  withDialogTarget(
    dialog,
    (target) => {
      const bytes = core.endpoint.sendAck(ack, target);
      dialog.acks.set(cseq, { bytes, target });
      for (const old of dialog.acks.keys()) if (dialog.acks.size > maxAcks) dialog.acks.delete(old);
      sent(ack, bytes.length, target);
    },
    (error) => core.log.warn({ callId: dialog.callId, error: error.message }, 'ACK not sent'),
  );
}
