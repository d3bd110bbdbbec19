import { parseSessionExpires } from '../../../sip/session-expires.ts';
import type { Headers } from '../../drachtio/srf.ts';
import { listsOption } from './options.ts';

/** Shorter intervals are refused by 422 (RFC 4028 4); drachtio refuses them within a dialog itself. */
export const minSessionExpiresSec = 90;

/** Who refreshes the session of a leg: this edge (drachtio does it), or the peer. */
type Refresher = 'us' | 'peer';

/** @returns whether the interval that a request names is too short for us; who knows no timers is not told so (9) */
export function isSessionTooShort(headers: Readonly<Headers>): boolean {
  const asked = parseSessionExpires(headers['session-expires']);
  return asked !== undefined && asked.sec < minSessionExpiresSec && knowsTimers(headers);
}

const knowsTimers = ({ supported, require }: Readonly<Headers>): boolean =>
  listsOption(supported, 'timer') || listsOption(require, 'timer');

/**
 * The session timer of one leg, as its two sides last agreed on it (RFC 4028). drachtio keeps the clock, but adds
 * Session-Expires only to the 200 of the first INVITE that names a refresher: what is said of it otherwise is said here,
 * in every INVITE and UPDATE that passes and in every answer to one, since either without it ends the timer (7.1, 7.2).
 */
export class SessionTimer {
  #agreed: { readonly sec: number; readonly refresher: Refresher } | undefined;

  /** @returns the headers of an INVITE or UPDATE that goes out on this leg, with what keeps the timer */
  inRequest(headers: Headers): Headers {
    if (this.#agreed === undefined) return headers;
    const { sec, refresher } = this.#agreed;
    return {
      ...headers,
      'session-expires': `${sec};refresher=${refresher === 'us' ? 'uac' : 'uas'}`,
      'min-se': `${minSessionExpiresSec}`,
      supported: listed(headers.supported),
    };
  }

  /** Takes what the peer's 2xx to an INVITE or UPDATE of ours says: without Session-Expires there is no timer any more. */
  answered(headers: Readonly<Headers>): void {
    const agreed = parseSessionExpires(headers['session-expires']);
    this.#agreed = agreed && { sec: agreed.sec, refresher: agreed.refresher === 'uas' ? 'peer' : 'us' };
  }

  /**
   * Agrees to what an INVITE or UPDATE of the peer asks for (RFC 4028 9).
   * @param asked its headers
   * @param unnamed who refreshes where it names nobody and nobody did before: drachtio itself within a dialog
   * @returns the headers of our 2xx, with what was agreed on
   */
  inAnswer(headers: Headers, asked: Readonly<Headers>, unnamed: 'uac' | 'uas' = 'uas'): Headers {
    const timer = parseSessionExpires(asked['session-expires']);
    const isKnown = knowsTimers(asked);
    const refresher = timer?.refresher ?? (isKnown ? (this.#roleOfPeer() ?? unnamed) : undefined);
    this.#agreed = timer && refresher && { sec: timer.sec, refresher: refresher === 'uac' ? 'peer' : 'us' };
    if (timer === undefined || refresher === undefined) return headers;
    const answered = { ...headers, 'session-expires': `${timer.sec};refresher=${refresher}` };
    // Who knows no timers cannot be required to (9), though a proxy may have asked in its name.
    return refresher === 'uac' && isKnown ? { ...answered, require: listed(headers.require) } : answered;
  }

  #roleOfPeer(): 'uac' | 'uas' | undefined {
    return this.#agreed && (this.#agreed.refresher === 'us' ? 'uas' : 'uac');
  }
}

/** @returns a list of options with session timers in it */
const listed = (options: string | undefined): string => (options ? `${options}, timer` : 'timer');
