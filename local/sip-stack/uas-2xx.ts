import type { SipTimers, Timer, Timers } from './timers.ts';

/**
 * Repeats the last answer to an INVITE, a 2xx, until its ACK (RFC 3261 13.3.1.4), on UDP and TCP alike, since the ACK may
 * be lost beyond the next hop.
 * @param transaction an INVITE that was just answered with 2xx
 * @param onNoAck called once when no ACK came within 64*T1: send BYE then
 * @returns what to call when the ACK comes (or the dialog ends)
 */
export function repeatUntilAck(
  transaction: { retransmit(): void },
  timers: Timers,
  settings: SipTimers,
  onNoAck: () => void,
): () => void {
  let repeat: Timer | undefined;
  const end = timers.after(64 * settings.t1Ms, () => {
    repeat?.cancel();
    onNoAck();
  });
  const repeatAfter = (ms: number) => {
    repeat = timers.after(ms, () => {
      transaction.retransmit();
      repeatAfter(Math.min(ms * 2, settings.t2Ms));
    });
  };
  repeatAfter(settings.t1Ms);
  return () => {
    repeat?.cancel();
    end.cancel();
  };
}
