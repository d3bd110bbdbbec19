import {
  type RegisterAnswer,
  type RegisterCommand,
  registerCommandSchema,
} from '../../../contracts/commands.ts';
import { dynamoDbClient } from '../../runtime/aws-clients.ts';
import { batchHandler } from '../../runtime/batch-handler.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { openTable } from '../../store/table.ts';
import { QueueLook } from '../../usecases/waiting-queue.ts';
import { refreshGateways } from './refresh-gateways.ts';
import { registerGateway } from './register-gateway.ts';
import { listBindings, unregisterGateway } from './unregister-gateway.ts';

const environment = readEnvironment(['TABLE_NAME', 'GATEWAY_NAME', 'FREE_SHARDS', 'LOCK_LEASE_SEC']);
const deps = {
  table: openTable(dynamoDbClient(), environment.TABLE_NAME),
  now: Date.now,
  gatewayName: environment.GATEWAY_NAME,
  freeShards: environment.FREE_SHARDS,
  leaseMs: environment.LOCK_LEASE_SEC * 1000,
  queue: new QueueLook(),
};

function register(command: RegisterCommand): Promise<RegisterAnswer> {
  switch (command.command) {
    case 'registerGateway':
      return registerGateway(command, deps);
    case 'unregisterGateway':
      return unregisterGateway(command, deps);
    case 'listBindings':
      return listBindings(command, deps);
  }
}

/** Holds the bindings of the gateways: registers, refreshes, removes and lists them. */
export const handler = batchHandler({
  service: 'register',
  schema: registerCommandSchema,
  logKeys: (command) => ({
    command: command.command,
    username: command.username,
    ...('registrationId' in command && { registrationId: command.registrationId }),
  }),
  share: async (batch) => {
    const refreshed = await refreshGateways(batch, deps);
    return async (command) => refreshed.get(command) ?? register(command);
  },
  summary: (answer) => {
    if (answer.result === 'refused') return { result: answer.result, reason: answer.reason };
    const { fresh, lostCallId, matchedCallId } = answer;
    // Each gateway refreshes each minute: a line for each would bury the rest, and cost more than the function.
    if (!fresh && lostCallId === undefined && answer.contacts.length > 0) return undefined;
    const bindings = answer.contacts.length;
    return { result: answer.result, fresh: String(fresh), bindings, lostCallId, matchedCallId };
  },
});
