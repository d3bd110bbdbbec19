import type { ResponseOptions, SentCallback, SrfResponse } from './srf.ts';

/** Answers. A status that drachtio-srf has no name for, and would throw at, becomes its class (RFC 3261 8.1.3.2). */
export function sendStatus(
  response: SrfResponse,
  status: number,
  phrase: string,
  options: ResponseOptions,
  onSent?: SentCallback,
): void {
  try {
    response.send(status, phrase, options, onSent);
  } catch {
    response.send(Math.floor(status / 100) * 100, phrase, options, onSent);
  }
}
