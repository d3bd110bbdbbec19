import { inspectCommandSchema } from '../../contracts/inspect.ts';
import { dynamoDbClient } from '../adapters/aws-clients.ts';
import { commandHandler } from '../adapters/command-handler.ts';
import { readEnvironment } from '../adapters/environment.ts';
import { openTable } from '../adapters/table.ts';
import { inspect } from './inspect.ts';

const environment = readEnvironment(['TABLE_NAME']);
const table = openTable(dynamoDbClient(), environment.TABLE_NAME);

/** Shows people the pool and the calls. Reads only. */
export const handler = commandHandler({
  service: 'inspect',
  schema: inspectCommandSchema,
  logKeys: (command) => ({
    command: command.command,
    ...(command.command === 'describeCall' && { callId: command.callId }),
  }),
  run: (command) => inspect(command, { table, now: Date.now }),
  summary: ({ result }) => ({ result }),
});
