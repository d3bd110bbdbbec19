import type { HeaderLine } from '../../../sip/message/headers.ts';
import type { SipResponse } from '../../../sip/message/message.ts';
import { type Core, contactFor } from '../core.ts';
import { termsAsCallee } from '../dialog/session-timer.ts';
import { appHeaders } from './app-headers.ts';
import type { Pending } from './pending-requests.ts';

/**
 * As drachtio does, a provisional answer gets no Contact that the application does not give.
 * @returns the headers of an application's answer as they go out: with our Contact and session timer where it has none
 */
export function answerHeaders(
  core: Core,
  { transaction, dialog, inDialog }: Pending,
  text: SipResponse,
): HeaderLine[] {
  const { incoming, isInvite } = transaction;
  const { protocol } = incoming.source;
  const { status } = text;
  const headers = appHeaders(text, core.endpoint.hostPort(protocol));
  if (isInvite && status >= 200 && status < 300 && !text.headers.has('contact')) {
    headers.unshift(['Contact', dialog?.localContact ?? contactFor(core, protocol)]);
  }
  const session = status === 200 && isInvite && !inDialog ? termsAsCallee(incoming.message, text) : undefined;
  if (session?.header) headers.push(session.header);
  return headers;
}
