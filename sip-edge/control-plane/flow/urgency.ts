/**
 * What a command is for, the most urgent first. `refresh`: a registration that holds, or one that ends: without it a
 * gateway is lost, or one that is gone is called. `registration`: a new one. `admitted`: a call that was let in, and waits
 * for a gateway or tries another. `call`: a new one, the only one that is turned away early.
 */
export const urgencies = ['refresh', 'registration', 'admitted', 'call'] as const;
export type Urgency = (typeof urgencies)[number];

interface Terms {
  /** Of what may be under way, how much these and all that is more urgent may take, so that a rest is left for the latter. */
  readonly share: number;
  /** How long one waits to be sent: then it is given up. */
  readonly patienceMs: number;
}

/** Well below the 32 s of a SIP client (RFC 3261 17.1.2.2, timer F), the command's own time with it. */
const longMs = 5000;

export const terms: Readonly<Record<Urgency, Terms>> = {
  refresh: { share: 1, patienceMs: longMs },
  registration: { share: 0.9, patienceMs: longMs },
  admitted: { share: 0.8, patienceMs: longMs },
  // Before it rings (ringback.ts): a caller who is turned away hears nothing else.
  call: { share: 0.75, patienceMs: 50 },
};
