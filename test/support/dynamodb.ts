import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { patienceMs } from './patience.ts';
import { tableDefinition } from './table-definition.ts';

/** A table engine of its own for one test file. Nothing is kept after `stop()`. */
export interface TestTable {
  /** E.g. `http://127.0.0.1:40123`: what `AWS_ENDPOINT_URL_DYNAMODB` takes. */
  endpoint: string;
  tableName: string;
  client: DynamoDBClient;
  /** @returns the name of another empty table of the same engine, for a test that wants none of the others' items. */
  createTable(): Promise<string>;
  stop(): Promise<void>;
}

/** @returns a TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/**
 * Boots dynoxide (in memory) on a free port and creates the table in it.
 * @returns the running engine; `stop()` ends its process
 * @throws where the engine does not answer within `patienceMs`
 */
export async function startTestTable(): Promise<TestTable> {
  const binary = createRequire(import.meta.url).resolve('@dynoxide/linux-x64/dynoxide');
  const { child, endpoint } = await boot(binary);
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  let tables = 0;
  const createTable = async () => {
    tables += 1;
    const tableName = `switchroom-${tables}`;
    await client.send(new CreateTableCommand(tableDefinition(tableName)));
    return tableName;
  };
  const tableName = await createTable();
  return {
    endpoint,
    tableName,
    client,
    createTable,
    async stop() {
      client.destroy();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function boot(binary: string): Promise<{ child: ChildProcess; endpoint: string }> {
  const deadline = Date.now() + patienceMs;
  // Another process may take the port between our look and the engine's bind: then it exits, and we try the next.
  while (Date.now() < deadline) {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const child = spawn(binary, ['serve', '--host', '127.0.0.1', '--port', String(port)], {
      stdio: 'ignore',
    });
    const failed = new Promise<Error>((resolve) => child.once('error', resolve));
    while (child.exitCode === null && Date.now() < deadline) {
      const answer = await Promise.race([
        failed,
        fetch(endpoint).then(
          () => 'up' as const,
          () => 'not yet' as const,
        ),
      ]);
      if (answer === 'up' && child.exitCode === null) return { child, endpoint };
      if (answer instanceof Error) throw answer;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGKILL');
  }
  throw new Error(`dynoxide did not answer within ${patienceMs} ms`);
}
