import type { Contact } from '../../../contracts/commands.ts';
import { expiryAfter, isLive } from '../time.ts';
import type { Binding } from './gateway.ts';

/* The contacts of one registration, as RFC 3261 10.3 (steps 6 to 8) wants them. */

/** Most contacts that one gateway may hold. */
export const maxBindings = 10;

/**
 * Adds, renews and removes contacts (RFC 3261 10.3 step 7). Contacts that ran out are dropped.
 * @param held what the registration holds so far
 * @param contacts of the REGISTER; `expiresSec` 0 removes
 * @param nowMs epoch milliseconds
 */
export function mergeBindings(
  held: readonly Binding[],
  contacts: readonly Contact[],
  nowMs: number,
): Binding[] {
  const bindings = new Map(held.filter((one) => isLive(one, nowMs)).map((one) => [one.uri, one]));
  for (const { uri, expiresSec, q } of contacts) {
    if (expiresSec === 0) bindings.delete(uri);
    else {
      const expiresAt = expiryAfter(nowMs, expiresSec);
      bindings.set(uri, { uri, expiresAt, updatedAt: nowMs, ...(q !== undefined && { q }) });
    }
  }
  return [...bindings.values()];
}

/**
 * The contact to call: highest q, then the newest (RFC 3261 16.6 leaves ties to us). No q counts as 1, as in
 * RFC 3261 20.10's examples: a client that says nothing prefers nothing less.
 * @param bindings one or more
 */
function contactToCall(bindings: readonly Binding[]): string {
  const [first, ...others] = bindings;
  if (first === undefined) throw new RangeError('a registration holds at least one contact');
  return others.reduce((best, one) => (isPreferred(one, best) ? one : best), first).uri;
}

function isPreferred(one: Binding, other: Binding): boolean {
  const q = (one.q ?? 1) - (other.q ?? 1);
  return q > 0 || (q === 0 && one.updatedAt > other.updatedAt);
}

/** What a gateway's item says of its contacts, apart from the list itself. */
export function registrationOf(bindings: readonly Binding[]) {
  return {
    contacts: [...bindings],
    contactUris: new Set(bindings.map((one) => one.uri)),
    contact: contactToCall(bindings),
    expiresAt: Math.max(...bindings.map((one) => one.expiresAt)),
  };
}

/** The contacts of a REGISTER's answer, with the time that is left to each (RFC 3261 10.3 step 8). */
export function liveContacts(bindings: readonly Binding[], nowMs: number): Contact[] {
  // Rounded as in `expiryAfter`, so that a contact granted now shows exactly what it was granted.
  const nowSec = Math.ceil(nowMs / 1000);
  return bindings
    .filter((one) => isLive(one, nowMs))
    .map(({ uri, expiresAt, q }) => ({
      uri,
      expiresSec: Math.max(expiresAt - nowSec, 1),
      ...(q !== undefined && { q }),
    }));
}
