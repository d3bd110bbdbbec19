import { parseSessionExpires } from '../../../sip/session-expires.ts';
import type { Headers } from '../../drachtio/srf.ts';

/**
 * What our 200 to a session refresh agrees to (RFC 4028 9). drachtio keeps the timer of each leg, and arms it by
 * what a re-INVITE or UPDATE asks for; but it adds Session-Expires to the 200 of the first INVITE only. Without it
 * here, a peer that refreshes would take the timer for ended and stop, and drachtio would hang up on it.
 * @param headers of a re-INVITE or UPDATE
 */
export function sessionTimerAnswer(headers: Readonly<Headers>): Headers {
  const asked = parseSessionExpires(headers['session-expires'] ?? headers.x);
  if (asked === undefined) return {};
  // As drachtio reads it: without a refresher named, drachtio refreshes.
  const { sec, refresher = 'uas' } = asked;
  const sessionExpires = `${sec};refresher=${refresher}`;
  return refresher === 'uac'
    ? { 'session-expires': sessionExpires, require: 'timer' }
    : { 'session-expires': sessionExpires };
}
