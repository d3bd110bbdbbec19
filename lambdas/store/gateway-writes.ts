import type { RegisterGateway } from '../../contracts/commands.ts';
import type { CallIdentity } from '../../contracts/common.ts';
import { ownerOf } from '../domain/call/call.ts';
import { mergeBindings, registrationOf } from '../domain/gateway/bindings.ts';
import type { Candidate, Gateway } from '../domain/gateway/gateway.ts';
import { epochSec, expiryAfter } from '../domain/time.ts';
import {
  above,
  allOf,
  anyOf,
  atMost,
  below,
  type Condition,
  differs,
  equals,
  missing,
  unchanged,
} from './conditions.ts';
import { availableAtOf, gatewayItem } from './items/gateway-item.ts';
import { drainedWatchKey, drainingWatchKey, gatewayKey, tombstoneKey } from './keys.ts';
import type { Write } from './transaction.ts';

/* The writes of a gateway's item, and of its tombstone. */

/** How long the late refresh of a gateway is refused after its call. */
const tombstoneSec = 600;

const lockAttributes = ['lockedBy', 'lockedUntil'] as const;
const freeAttributes = ['freeShard', 'availableAt'] as const;
const watchAttributes = ['watchKey', 'watchAt'] as const;

const registrationIs = (registrationId: string) => equals('registrationId', registrationId);
const notExpired = (nowMs: number) => above('expiresAt', epochSec(nowMs));
const expired = (nowMs: number) => atMost('expiresAt', epochSec(nowMs));
const lockedBy = (call: CallIdentity) => equals('lockedBy', ownerOf(call));
const lockLapsed = (nowMs: number) => allOf(equals('state', 'locked'), below('lockedUntil', nowMs));
const givable = (nowMs: number) => anyOf(equals('state', 'free'), lockLapsed(nowMs));

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

/**
 * The refresh: the same contacts from the same place, later. It sets nothing that the `free` index shows, so it is
 * one write and no write of the index; and nothing of the lock, so it cannot undo one.
 * @returns undefined where the REGISTER removes contacts, which is no refresh
 */
export function refresh(
  command: RegisterGateway,
  nowMs: number,
): Exclude<Write, { check: string }> | undefined {
  if (command.contacts.some((one) => one.expiresSec === 0)) return undefined;
  const { contacts, contactUris, contact, expiresAt } = registrationOf(
    mergeBindings([], command.contacts, nowMs),
  );
  return {
    update: gatewayKey(command.username),
    set: { contacts, expiresAt, cseq: command.cseq },
    when: allOf(
      registrationIs(command.registrationId),
      below('cseq', command.cseq),
      equals('contactUris', contactUris),
      equals('contact', contact),
      equals('received', command.received),
      equals('edgeId', command.edgeId),
      notExpired(nowMs),
      differs('state', 'draining'),
    ),
  };
}

/** Ends what a refresh proves wrong: a lock that lapsed, or the belief that the gateway is silent. */
export function welcomeBack(gateway: Gateway, freeShard: string, nowMs: number) {
  return {
    update: gatewayKey(gateway.username),
    set: { state: 'free', freeShard, availableAt: nowMs },
    remove: lockAttributes,
    when: allOf(registrationIs(gateway.registrationId), anyOf(equals('state', 'silent'), lockLapsed(nowMs))),
  } satisfies Write;
}

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
    when: allOf(registrationIs(seen.registrationId), expired(nowMs), givable(nowMs)),
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
      givable(nowMs),
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

/** Takes a gateway that did not answer out of the pool until its next REGISTER. */
export function silence(seen: Gateway, call: CallIdentity) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'silent' },
    remove: [...lockAttributes, ...freeAttributes, ...watchAttributes],
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

/** Takes a free gateway out of the pool for good, unless a call was faster. */
export function retire(seen: Gateway, watchAt: number, nowMs: number) {
  return {
    update: gatewayKey(seen.username),
    set: { state: 'draining', watchKey: drainedWatchKey, watchAt },
    remove: freeAttributes,
    when: allOf(registrationIs(seen.registrationId), equals('state', 'free'), notExpired(nowMs)),
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
