import { listOf } from '../../../sip/parameters.ts';

/** What passes within a call, with its answer. Everything else is answered 405. */
export const relayedMethods: ReadonlySet<string> = new Set([
  'INVITE',
  'UPDATE',
  'INFO',
  'REFER',
  'MESSAGE',
  'NOTIFY',
  'OPTIONS',
]);

const taken: ReadonlySet<string> = new Set([...relayedMethods, 'ACK', 'BYE', 'CANCEL']);

export const allowedInCall = [...taken].join(', ');

/** @returns the methods of an Allow header that reach who wrote it through this edge; undefined where there are none */
export function passAllow(value: string): string | undefined {
  return (
    listOf([value])
      .filter((method) => taken.has(method.toUpperCase()))
      .join(', ') || undefined
  );
}
