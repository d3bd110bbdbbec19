import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../command-line/command-error.ts';
import { dynoxideArguments, dynoxideFile, untilDynamoDbAnswers } from '../aws/dynamodb/dynamodb.ts';
import { freePort } from './ports.ts';
import { RunChild } from './processes/child-process.ts';
import { Supervised } from './processes/supervised.ts';
import type { Supervision } from './processes/supervision.ts';

export interface TableEngineOptions {
  dir: string;
  /** Whether the tables outlive the run. */
  keep: boolean;
  supervision: Supervision;
}

const startLimitMs = 10_000;
const graceMs = 2000;

/**
 * Starts the embedded engine, unless the variable AWS_ENDPOINT_URL_DYNAMODB names another to use.
 * @throws CommandError where the engine is missing or does not come up
 */
export async function startTableEngine(
  options: TableEngineOptions,
): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const given = process.env.AWS_ENDPOINT_URL_DYNAMODB;
  if (given) return { endpoint: given, stop: async () => undefined };
  const binary = dynoxideFile();
  if (!binary) {
    throw new CommandError(
      'the table engine is missing (npm package @dynoxide/linux-x64, Linux on x86-64 only): run npm ci, name its binary in the variable DYNOXIDE, or another DynamoDB in AWS_ENDPOINT_URL_DYNAMODB',
    );
  }
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const database = join(options.dir, 'table');
  const file = join(database, 'table.sqlite');
  if (options.keep) mkdirSync(database, { recursive: true });
  const supervised = new Supervised({
    name: 'table engine',
    startLimitMs,
    graceMs,
    supervision: options.supervision,
    start: () => {
      const child = new RunChild({
        name: 'table engine',
        file: binary,
        args: dynoxideArguments(port, options.keep ? file : undefined),
        environment: {},
        dir: options.dir,
        log: 'table.log',
        onGroup: options.supervision.onGroup,
        onUnwritable: options.supervision.onUnwritable,
      });
      const gone = new AbortController();
      void child.exited.then(() => gone.abort());
      // The wait ends with the process, whose end is told by its exit.
      const ready = untilDynamoDbAnswers(endpoint, gone.signal).catch(() =>
        child.exited.then(() => undefined),
      );
      return { child, ready };
    },
  });
  try {
    await supervised.start();
  } catch (error) {
    if (!options.keep || !(error instanceof CommandError)) throw error;
    const remedy = `if its file ${file} is damaged, put it back from a copy, or move it away to begin with an empty table`;
    throw new CommandError(`${error.message}; ${remedy}`);
  }
  return { endpoint, stop: () => supervised.stop() };
}
