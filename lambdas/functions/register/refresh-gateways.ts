import type { RegisterAnswer, RegisterCommand, RegisterGateway } from '../../../contracts/commands.ts';
import { mergeBindings } from '../../domain/gateway/bindings.ts';
import { bindingsAnswer } from '../../domain/gateway/registration.ts';
import { plainRefresh } from '../../store/refresh-writes.ts';
import type { RegisterDeps } from './register-gateway.ts';

/**
 * Refreshes the gateways of a batch that are only refreshed, in one request.
 * @returns by the commands, the answers of those: what is not among them is decided for itself
 * @throws TableUnavailable
 */
export async function refreshGateways(
  commands: readonly RegisterCommand[],
  { table, now }: Pick<RegisterDeps, 'table' | 'now'>,
): Promise<Map<RegisterCommand, RegisterAnswer>> {
  const nowMs = now();
  const refreshes = commands.flatMap((command) => {
    const write =
      command.command === 'registerGateway' && command.isKnown ? plainRefresh(command, nowMs) : undefined;
    return write === undefined ? [] : [{ command: command as RegisterGateway, write }];
  });
  const answers = new Map<RegisterCommand, RegisterAnswer>();
  // Alone, it needs no other way than the one of all others.
  if (refreshes.length < 2) return answers;
  const written = await table.updateEach(refreshes.map(({ write }) => write));
  for (const [index, { command }] of refreshes.entries()) {
    if (!written[index]) continue;
    const contacts = mergeBindings([], command.contacts, nowMs);
    answers.set(command, bindingsAnswer(contacts, nowMs, false));
  }
  return answers;
}
