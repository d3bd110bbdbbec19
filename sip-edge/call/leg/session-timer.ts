import type { Headers } from '../../drachtio/srf.ts';

/**
 * What our 200 to a session refresh agrees to (RFC 4028 9). drachtio keeps the timer of each leg, and arms it by
 * what a re-INVITE or UPDATE asks for; but it adds Session-Expires to the 200 of the first INVITE only. Without it
 * here, a peer that refreshes would take the timer for ended and stop, and drachtio would hang up on it.
 * @param headers of a re-INVITE or UPDATE
 */
export function sessionTimerAnswer(headers: Readonly<Headers>): Headers {
  const asked = headers['session-expires'] ?? headers.x;
  const seconds = /^\s*(\d{1,9})\b/.exec(asked ?? '')?.[1];
  if (asked === undefined || seconds === undefined) return {};
  // As drachtio reads it: without a refresher named, drachtio refreshes.
  const refresher = /;\s*refresher\s*=\s*uac\b/i.test(asked) ? 'uac' : 'uas';
  const sessionExpires = `${seconds};refresher=${refresher}`;
  return refresher === 'uac'
    ? { 'session-expires': sessionExpires, require: 'timer' }
    : { 'session-expires': sessionExpires };
}
