import * as z from 'zod';
import type { SipMessage } from '../../../contracts/sip-message.ts';

/*
 * The SIP messages of a call in its item, by a seventh of the bytes of a list of maps, since a write is paid by the kilobyte.
 * `1764525900123 0c>INVITE 9g<INVITE 412g>180INVITE`: the time of the first, and each with its milliseconds after that, its
 * leg, `>` received or `<` sent, its status, its method.
 */

const entry = /^(\d+)([cg])([<>])(\d{3})?([A-Z]+)$/;

/** @param messages at least one, the oldest first */
export function messagesText(messages: readonly SipMessage[]): string {
  const beganAt = messages[0]?.at ?? 0;
  const entries = messages.map(
    ({ at, leg, direction, status, method }) =>
      `${at - beganAt}${leg === 'caller' ? 'c' : 'g'}${direction === 'received' ? '>' : '<'}${status ?? ''}${method}`,
  );
  return [beganAt, ...entries].join(' ');
}

/** Reads back what `messagesText` wrote. */
export const messagesTextSchema = z.string().transform((text, context): SipMessage[] => {
  const [beganAt, ...entries] = text.split(' ');
  return entries.map((one) => {
    const [, offsetMs, leg, direction, status, method] = entry.exec(one) ?? [];
    if (method === undefined) {
      context.addIssue('not a SIP message in short');
      return z.NEVER;
    }
    return {
      at: Number(beganAt) + Number(offsetMs),
      leg: leg === 'c' ? 'caller' : 'gateway',
      direction: direction === '>' ? 'received' : 'sent',
      method,
      ...(status !== undefined && { status: Number(status) }),
    };
  });
});
