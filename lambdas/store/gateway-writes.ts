import type { CallIdentity } from '../../contracts/common.ts';
import { ownerOf } from '../domain/call/call.ts';
import type { Candidate, Gateway } from '../domain/gateway/gateway.ts';
import { expiryAfter } from '../domain/time.ts';
import { allOf, anyOf, type Condition, equals, missing, unchanged } from './conditions.ts';
import {
  expired,
  isFree,
  lockAttributes,
  lockLapsed,
  notExpired,
  registrationIs,
  watchAttributes,
} from './gateway-conditions.ts';
import { availableAtOf, gatewayItem } from './items/gateway-item.ts';
import {
  drainedWatchKey,
  drainingWatchKey,
  gatewayKey,
  heldWatchKey,
  silentWatchKey,
  tombstoneKey,
} from './keys.ts';
import type { Write } from './transaction.ts';

/* The writes of a gateway's item, and of its tombstone. */

/** How long the late refresh of a gateway is refused after its call. */
const tombstoneSec = 600;

const freeAttributes = ['freeShard', 'availableAt'] as const;

const lockedBy = (call: CallIdentity) => equals('lockedBy', ownerOf(call));

/** Nothing that decides about the gateway has changed since it was read. */
const asSeen = (seen: Gateway): Condition =>
  allOf(
    registrationIs(seen.registrationId),
    equals('cseq', seen.cseq),
    equals('state', seen.state),
    unchanged('lockedBy', seen.lockedBy),
    unchanged('lockedUntil', seen.lockedUntil),
    unchanged('availableAt', availableAtOf(seen)),
    equals('contactUris', seen.contactUris),
    equals('expiresAt', seen.expiresAt),
  );

/** Writes the whole item, if it is still as it was read. @param freeShards partitions of the `free` index */
export function replaceGateway(gateway: Gateway, seen: Gateway | undefined, freeShards: number) {
  return {
    put: gatewayItem(gateway, freeShards),
    when: seen === undefined ? missing('pk') : asSeen(seen),
  } satisfies Write;
}

export function deleteGateway(seen: Gateway) {
  return { delete: gatewayKey(seen.username), when: asSeen(seen) } satisfies Write;
}

/** Sweeps a location that ran out from the index; the gateway may have come back or be in a call. */
export function deleteExpired(seen: Gateway, nowMs: number) {
  return {
    delete: gatewayKey(seen.username),
    when: allOf(registrationIs(seen.registrationId), expired(nowMs), isFree),
  } satisfies Write;
}

/**
 * The lock: one of the two halves of an allocation's transaction. All that the answer tells the edge (where to send
 * the INVITE) is part of the condition, since the index that showed it may lag behind.
 * @param lockedUntil epoch milliseconds
 */
export function lock(
  candidate: Candidate,
  call: CallIdentity,
  freeShard: string,
  lockedUntil: number,
  nowMs: number,
) {
  return {
    update: gatewayKey(candidate.username),
    set: { state: 'locked', lockedBy: ownerOf(call), lockedUntil, freeShard, availableAt: lockedUntil },
    when: allOf(
      registrationIs(candidate.registrationId),
      equals('contact', candidate.contact),
      equals('received', candidate.received),
      equals('edgeId', candidate.edgeId),
      notExpired(nowMs),
      isFree,
    ),
  } satisfies Write;
}

/** The call has been answered: the gateway is its own until it ends. */
export function makeBusy(seen: Gateway, call: CallIdentity) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'busy', lockedBy: ownerOf(call) },
    remove: ['lockedUntil', ...freeAttributes, ...watchAttributes],
    when: allOf(
      registrationIs(seen.registrationId),
      equals('state', seen.state),
      unchanged('lockedBy', seen.lockedBy),
    ),
  } satisfies Write;
}

/** Gives the gateway back, from now on. */
export function release(seen: Gateway, call: CallIdentity, freeShard: string, nowMs: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'free', freeShard, availableAt: nowMs },
    remove: [...lockAttributes, ...watchAttributes],
    when: allOf(registrationIs(seen.registrationId), lockedBy(call)),
  } satisfies Write;
}

/**
 * Gives the gateway on, from the call that has it to one that waits. As with `lock`, the condition names all that the
 * answer tells the edge.
 */
export function handOn(
  seen: Gateway,
  fromCall: CallIdentity,
  toCall: CallIdentity,
  freeShard: string,
  lockedUntil: number,
) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'locked', lockedBy: ownerOf(toCall), lockedUntil, freeShard, availableAt: lockedUntil },
    remove: watchAttributes,
    when: allOf(
      registrationIs(seen.registrationId),
      equals('contact', seen.contact),
      equals('received', seen.received),
      equals('edgeId', seen.edgeId),
      lockedBy(fromCall),
    ),
  } satisfies Write;
}

/** Gives back a gateway whose lock is over, where it is still the one that was read. */
export function endLock(seen: Gateway, freeShard: string, nowMs: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'free', freeShard, availableAt: nowMs },
    remove: lockAttributes,
    when: allOf(registrationIs(seen.registrationId), unchanged('lockedBy', seen.lockedBy), lockLapsed(nowMs)),
  } satisfies Write;
}

/** Takes a gateway that did not answer out of the pool until its next REGISTER. */
export function silence(seen: Gateway, call: CallIdentity, nowMs: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'silent', watchKey: silentWatchKey, watchAt: nowMs },
    remove: [...lockAttributes, ...freeAttributes],
    when: allOf(registrationIs(seen.registrationId), lockedBy(call)),
  } satisfies Write;
}

/** Takes a gateway out of the pool, to be looked at again at `watchAt`. It still belongs to its call. */
export function drain(seen: Gateway, call: CallIdentity, watchAt: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'draining', watchKey: drainingWatchKey, watchAt },
    remove: ['lockedUntil', ...freeAttributes],
    when: allOf(registrationIs(seen.registrationId), lockedBy(call)),
  } satisfies Write;
}

/** Keeps a free gateway out of the pool, unless a call was faster. */
export function hold(seen: Gateway, nowMs: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'held', watchKey: heldWatchKey, watchAt: nowMs },
    remove: freeAttributes,
    when: allOf(registrationIs(seen.registrationId), isFree, notExpired(nowMs)),
  } satisfies Write;
}

/** Gives a gateway that was held back to the pool, from now on. */
export function endHold(seen: Gateway, freeShard: string, nowMs: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'free', freeShard, availableAt: nowMs },
    remove: watchAttributes,
    when: allOf(registrationIs(seen.registrationId), notExpired(nowMs), equals('state', 'held')),
  } satisfies Write;
}

/** Takes a gateway that is free, or held, out of the pool for good, unless somebody was faster. */
export function retire(seen: Gateway, watchAt: number, nowMs: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'draining', watchKey: drainedWatchKey, watchAt },
    remove: freeAttributes,
    when: allOf(registrationIs(seen.registrationId), equals('state', seen.state), notExpired(nowMs)),
  } satisfies Write;
}

/** The location of a gateway that nobody can reach any more, unless its owner is another by now. */
export function deleteUnreachable(seen: Gateway) {
  return {
    delete: gatewayKey(seen.username),
    when: allOf(registrationIs(seen.registrationId), unchanged('lockedBy', seen.lockedBy)),
  } satisfies Write;
}

/** The location of a gateway whose call is over. */
export function deleteOwned(seen: Gateway, call: CallIdentity) {
  return {
    delete: gatewayKey(seen.username),
    when: allOf(registrationIs(seen.registrationId), lockedBy(call)),
  } satisfies Write;
}

export function putTombstone(username: string, registrationId: string, nowMs: number) {
  return {
    put: {
      pk: tombstoneKey(username, registrationId),
      username,
      registrationId,
      endedAt: nowMs,
      expiresAt: expiryAfter(nowMs, tombstoneSec),
    },
  } satisfies Write;
}

/** Holds where this registration's call is not over. */
export function noTombstone(username: string, registrationId: string, nowMs: number) {
  return {
    check: tombstoneKey(username, registrationId),
    when: anyOf(missing('pk'), expired(nowMs)),
  } satisfies Write;
}
