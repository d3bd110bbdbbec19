import type { RegisterAnswer, RegisterGateway } from '../../contracts/commands.ts';
import { parseGatewayName, taskIdOf } from '../../contracts/gateway-name.ts';
import { gatewayOf, noTombstone, refresh, replaceGateway, welcomeBack } from '../adapters/gateway-writes.ts';
import type { Table } from '../adapters/table.ts';
import { TableContention } from '../core/errors.ts';
import { hasLapsed } from '../core/gateway-state.ts';
import type { Gateway } from '../core/items.ts';
import { freeShardOf, gatewayKey } from '../core/keys.ts';
import { bindingsAnswer, decideRegistration } from '../core/registration.ts';
import type { Clock } from '../core/time.ts';
import { removeGateway } from './unregister-gateway.ts';

export interface RegisterDeps {
  table: Table;
  now: Clock;
  /** Middle part of gateway usernames: tells which task runs a gateway. */
  gatewayName: string;
  freeShards: number;
}

/** How often a REGISTER that loses against other writers of the same gateway is decided anew. */
const maxTries = 6;

/**
 * Registers a gateway, or refreshes it: the refresh is one write, anything else is read, decided and written on
 * condition that nothing changed in between.
 * @throws TableUnavailable, TableContention
 */
export async function registerGateway(command: RegisterGateway, deps: RegisterDeps): Promise<RegisterAnswer> {
  const nowMs = deps.now();
  const fast = refresh(command, nowMs);
  if (fast === undefined) {
    const seen = gatewayOf(await deps.table.get(gatewayKey(command.username)));
    return registerAnew(command, seen, nowMs, deps);
  }
  const written = await deps.table.write(fast);
  if (!written.done) return registerAnew(command, gatewayOf(written.seen), nowMs, deps);
  const gateway = gatewayOf(written.item) as Gateway;
  if (gateway.state === 'silent' || hasLapsed(gateway, nowMs)) {
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
  const { username, registrationId } = command;
  const name = parseGatewayName(username, deps.gatewayName);
  const taskId = name && taskIdOf(name);
  const context = {
    nowMs,
    freeShard: freeShardOf(username, deps.freeShards),
    ...(taskId !== undefined && { taskId }),
  };
  let seen = firstSeen;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const decision = decideRegistration(seen, command, context);
    if (decision.write === 'none') return decision.answer;
    if (decision.write === 'delete') {
      if (seen === undefined || (await removeGateway(deps.table, seen))) return decision.answer;
    } else if (!decision.checkTombstone) {
      const written = await deps.table.write(replaceGateway(decision.gateway, seen));
      if (written.done) return decision.answer;
    } else {
      const written = await deps.table.transact([
        noTombstone(username, registrationId, nowMs),
        replaceGateway(decision.gateway, seen),
      ]);
      if (written.done) return decision.answer;
      const [tombstone] = written.failures;
      if (tombstone !== undefined && tombstone !== 'conflict') {
        return { result: 'refused', reason: 'call-over' };
      }
    }
    seen = gatewayOf(await deps.table.get(gatewayKey(username)));
  }
  throw new TableContention(`gateway ${username} keeps changing`);
}
