import { inspectCommandSchema } from '../../../contracts/inspect.ts';
import { dynamoDbClient } from '../../runtime/aws-clients.ts';
import { commandHandler } from '../../runtime/command-handler.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { openTable } from '../../store/table.ts';
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
