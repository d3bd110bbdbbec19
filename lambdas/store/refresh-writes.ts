import type { RegisterGateway, UnregisterGateway } from '../../contracts/commands.ts';
import { mergeBindings, registrationOf } from '../domain/gateway/bindings.ts';
import type { Gateway } from '../domain/gateway/gateway.ts';
import { above, allOf, anyOf, below, type Condition, differs, equals } from './conditions.ts';
import { lockAttributes, notExpired, registrationIs, watchAttributes } from './gateway-conditions.ts';
import { gatewayKey } from './keys.ts';
import type { Update, Write } from './transaction.ts';

/* What a registration that is held does again and again: it stays, and at last it leaves. Blind writes, by condition. */

/**
 * The refresh: the same contacts from the same place, later. It sets nothing that the `free` index shows, so it is
 * one write and no write of the index; and nothing of the lock, so it cannot undo one.
 * @returns undefined where the REGISTER removes contacts, which is no refresh
 */
export function refresh(command: RegisterGateway, nowMs: number): (Update & { when: Condition }) | undefined {
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

/** A refresh that proves nothing wrong: no lock that lapsed, and no belief that the gateway is silent. */
export function plainRefresh(command: RegisterGateway, nowMs: number): Update | undefined {
  const write = refresh(command, nowMs);
  const holds = anyOf(differs('state', 'locked'), above('lockedUntil', nowMs - 1));
  return write && { ...write, when: allOf(write.when, differs('state', 'silent'), holds) };
}

/** The un-REGISTER of all that the registration holds, from where it came. */
export function leave(
  { username, registrationId, cseq, contacts, received }: UnregisterGateway,
  nowMs: number,
) {
  const same = contacts === '*' ? [] : [equals('contactUris', new Set(contacts))];
  return {
    delete: gatewayKey(username),
    when: allOf(
      registrationIs(registrationId),
      below('cseq', cseq),
      equals('received', received),
      notExpired(nowMs),
      ...same,
    ),
  } satisfies Write;
}

/** Ends what a refresh proves wrong: the belief that the gateway is silent. */
export function welcomeBack(gateway: Gateway, freeShard: string, nowMs: number) {
  return {
    update: gatewayKey(gateway.username),
    set: { state: 'free', freeShard, availableAt: nowMs },
    remove: [...lockAttributes, ...watchAttributes],
    when: allOf(registrationIs(gateway.registrationId), equals('state', 'silent')),
  } satisfies Write;
}
