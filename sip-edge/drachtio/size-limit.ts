import type { SipMessage } from './srf.ts';

/** Of a SIP message that is passed on: with what the edge adds, drachtio takes no longer one (paced-writes.ts). */
export const maxPassedBytes = 11_000;

/** @returns whether a message that came can be passed on */
export const isPassable = ({ raw }: Pick<SipMessage, 'raw'>): boolean => raw.length <= maxPassedBytes;

/** @returns the body of a message as it goes on: of one that is too long, none */
export const passableBody = (message: Pick<SipMessage, 'raw' | 'body'>): string | undefined =>
  isPassable(message) ? message.body : undefined;
