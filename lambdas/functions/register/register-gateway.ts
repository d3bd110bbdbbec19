import type { RegisterAnswer, RegisterGateway } from '../../../contracts/commands.ts';
import { parseGatewayName, taskIdOf } from '../../../contracts/gateway-name.ts';
import { TableContention } from '../../domain/errors.ts';
import type { Gateway } from '../../domain/gateway/gateway.ts';
import {
  becomesFree,
  bindingsAnswer,
  decideRegistration,
  lockedFor,
  matchedAnswer,
  type RegistrationDecision,
} from '../../domain/gateway/registration.ts';
import type { Clock } from '../../domain/time.ts';
import { noTombstone, replaceGateway } from '../../store/gateway-writes.ts';
import { gatewayOf } from '../../store/items/gateway-item.ts';
import { freeShardOf, gatewayKey } from '../../store/keys.ts';
import { refresh, welcomeBack } from '../../store/refresh-writes.ts';
import type { Table } from '../../store/table.ts';
import { endLapsedLock } from '../../usecases/lapsed-lock.ts';
import { matchNext, type QueueLook } from '../../usecases/waiting-queue.ts';
import { mayComeFrom } from './task-host.ts';
import { removeGateway } from './unregister-gateway.ts';

export interface RegisterDeps {
  table: Table;
  now: Clock;
  /** Middle part of gateway usernames: tells which task runs a gateway. */
  gatewayName: string;
  freeShards: number;
  /** How long a gateway is locked for a waiting call that gets it. */
  leaseMs: number;
  queue: Pick<QueueLook, 'heads'>;
}

/** How often a REGISTER that loses against other writers of the same gateway is decided anew. */
const maxTries = 6;
/**
 * Gateways that register at the very same moment all try for the call that is next. Who has lost so often registers
 * as free: the next ask of a waiting call finds it.
 */
const matchTries = 3;

/**
 * Registers a gateway, or refreshes it: the refresh is one write, and so is the first registration; anything else is
 * read, decided and written on condition that nothing changed in between.
 * @throws TableUnavailable, TableContention
 */
export async function registerGateway(command: RegisterGateway, deps: RegisterDeps): Promise<RegisterAnswer> {
  const nowMs = deps.now();
  const fast = command.isKnown ? refresh(command, nowMs) : undefined;
  if (fast === undefined) {
    const removes = command.contacts.some(({ expiresSec }) => expiresSec === 0);
    const seen = removes ? gatewayOf(await deps.table.get(gatewayKey(command.username))) : undefined;
    return registerAnew(command, seen, nowMs, deps);
  }
  const written = await deps.table.write(fast);
  if (!written.done) return registerAnew(command, gatewayOf(written.seen), nowMs, deps);
  const gateway = gatewayOf(written.item) as Gateway;
  await endLapsedLock(gateway, deps);
  if (gateway.state === 'silent') {
    // Refused only where a call has taken it in the meantime: then that is how it stands.
    await deps.table.write(welcomeBack(gateway, freeShardOf(command.username, deps.freeShards), nowMs));
  }
  return bindingsAnswer(gateway.contacts, nowMs, false);
}

async function registerAnew(
  command: RegisterGateway,
  firstSeen: Gateway | undefined,
  nowMs: number,
  deps: RegisterDeps,
): Promise<RegisterAnswer> {
  const { username } = command;
  const name = parseGatewayName(username, deps.gatewayName);
  const taskId = name && taskIdOf(name);
  if (!(await mayComeFrom(command, deps))) return { result: 'refused', reason: 'not-its-address' };
  const context = {
    nowMs,
    ...(taskId !== undefined && { taskId }),
  };
  let seen = firstSeen;
  for (let tries = 0; tries < maxTries; tries += 1) {
    if (await endLapsedLock(seen, deps)) seen = gatewayOf(await deps.table.get(gatewayKey(username)));
    const decision = decideRegistration(seen, command, context);
    if (decision.write === 'none') return decision.answer;
    if (decision.write === 'delete') {
      if (seen === undefined || (await removeGateway(deps.table, seen))) return decision.answer;
    } else {
      const answer = await put(decision, seen, tries < matchTries, nowMs, deps);
      if (answer !== undefined) return answer;
    }
    seen = gatewayOf(await deps.table.get(gatewayKey(username)));
  }
  throw new TableContention(`gateway ${username} keeps changing`);
}

/**
 * Writes the registration. Where it makes a gateway available and calls wait, the one that has waited longest gets
 * it in the same transaction.
 * @returns the answer; undefined where something has changed, and it must be decided anew
 */
async function put(
  { gateway, checkTombstone, answer }: Extract<RegistrationDecision, { write: 'put' }>,
  seen: Gateway | undefined,
  mayMatch: boolean,
  nowMs: number,
  { table, leaseMs, freeShards, queue }: RegisterDeps,
): Promise<RegisterAnswer | undefined> {
  const { username, registrationId } = gateway;
  const waiting = mayMatch && becomesFree(gateway, nowMs) ? (await queue.heads(table, nowMs)).waiting : [];
  const match = matchNext(waiting, gateway, nowMs, leaseMs);
  const registered = match === undefined ? gateway : lockedFor(gateway, match.call, match.lockedUntil);
  const write = replaceGateway(registered, seen, freeShards);
  const tombstone = checkTombstone ? noTombstone(username, registrationId, nowMs) : undefined;
  if (match === undefined && tombstone === undefined)
    return (await table.write(write)).done ? answer : undefined;

  const others = [...(tombstone ? [tombstone] : []), ...(match ? [match.write] : [])];
  const written = await table.transact([write, ...others]);
  if (written.done) return matchedAnswer(answer, match?.call);
  const ofTombstone = tombstone && written.failures[1];
  const isCallOver = ofTombstone !== undefined && ofTombstone !== 'conflict';
  return isCallOver ? { result: 'refused', reason: 'call-over' } : undefined;
}
