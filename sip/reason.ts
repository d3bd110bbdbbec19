import { parseParams } from './parameters.ts';

/**
 * The Reason header (RFC 3326) of an answer: the word that log, metric and call record use, and the Call-ID by
 * which they are found.
 * @param status SIP status the answer carries
 * @param why outcome or cause, in our words
 * @param callId correlation id; the caller's Call-ID
 */
export function reasonHeader(status: number, why: string, callId: string): string {
  // A Call-ID is the caller's choice: nothing of it may end the quoted string.
  const id = callId.replace(/[^\x21\x23-\x5b\x5d-\x7e]/g, '_').slice(0, 256);
  return `SIP;cause=${status};text="${why}; id=${id}"`;
}

/** @returns the text of a Reason header of one value, or undefined where it has none */
export function reasonText(value: string): string | undefined {
  const semicolon = value.indexOf(';');
  return semicolon < 0 ? undefined : parseParams(value, semicolon).get('text');
}
