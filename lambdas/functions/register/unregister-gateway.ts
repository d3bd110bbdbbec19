import type { ListBindings, RegisterAnswer, UnregisterGateway } from '../../../contracts/commands.ts';
import { TableContention } from '../../domain/errors.ts';
import type { Gateway } from '../../domain/gateway/gateway.ts';
import { bindingsAnswer, decideUnregistration, noBindings } from '../../domain/gateway/registration.ts';
import { type Clock, isLive } from '../../domain/time.ts';
import { deleteGateway, replaceGateway } from '../../store/gateway-writes.ts';
import { gatewayOf } from '../../store/items/gateway-item.ts';
import { gatewayKey, tombstoneKey } from '../../store/keys.ts';
import { leave } from '../../store/refresh-writes.ts';
import type { Table } from '../../store/table.ts';
import { mayComeFrom } from './task-host.ts';

const maxTries = 6;

/**
 * Removes contacts; with the last one the location is gone, also that of a gateway in a call (the call's record
 * lives on, and its end is told by a fact). That a gateway removes all it holds is one write; anything else is read,
 * decided and written on condition that nothing changed in between.
 * @throws TableUnavailable, TableContention
 */
export async function unregisterGateway(
  command: UnregisterGateway,
  deps: { table: Table; now: Clock; freeShards: number; gatewayName: string },
): Promise<RegisterAnswer> {
  const { table, now, freeShards } = deps;
  const nowMs = now();
  const { username, registrationId } = command;
  const left = await table.write(leave(command, nowMs));
  if (left.done) return noBindings;
  if (!(await mayComeFrom(command, deps))) return { result: 'refused', reason: 'not-its-address' };
  let seen = gatewayOf(left.seen);
  for (let tries = 0; tries < maxTries; tries += 1) {
    const callOver =
      seen !== undefined &&
      seen.registrationId !== registrationId &&
      (await isCallOver(table, username, registrationId, nowMs));
    const decision = decideUnregistration(seen, command, callOver, nowMs);
    if (decision.write === 'none' || seen === undefined) return decision.answer;
    const done =
      decision.write === 'delete'
        ? await removeGateway(table, seen)
        : (await table.write(replaceGateway(decision.gateway, seen, freeShards))).done;
    if (done) return decision.answer;
    seen = gatewayOf(await table.get(gatewayKey(username)));
  }
  throw new TableContention(`gateway ${username} keeps changing`);
}

/** Deletes a gateway if it is still as it was read. */
export async function removeGateway(table: Table, seen: Gateway): Promise<boolean> {
  return (await table.write(deleteGateway(seen))).done;
}

async function isCallOver(table: Table, username: string, registrationId: string, nowMs: number) {
  const tombstone = await table.get(tombstoneKey(username, registrationId));
  return tombstone !== undefined && isLive({ expiresAt: Number(tombstone.expiresAt) }, nowMs);
}

/** The bindings that hold (RFC 3261 10.2.3: a REGISTER without Contact asks for them). */
export async function listBindings(
  { username }: ListBindings,
  { table, now }: { table: Table; now: Clock },
): Promise<RegisterAnswer> {
  const nowMs = now();
  const gateway = gatewayOf(await table.get(gatewayKey(username)));
  return bindingsAnswer(gateway?.contacts ?? [], nowMs, false);
}
