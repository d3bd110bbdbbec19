import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lambdas/store/attributes.ts';
import { openTable } from '../../lambdas/store/table.ts';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import { type RunEvent, type Stack, startStack } from './stack.ts';

/** A run whose pool is watched: its steps as they happen, its tasks, its table. */
export interface PoolRun {
  stack: Stack;
  events: readonly RunEvent[];
  /** Tasks that have started and not stopped: now, and most at once. */
  tasks(): number;
  mostTasks(): number;
  /** @returns all items whose key begins so, read consistently */
  items(prefix: string): Promise<Item[]>;
  /** A user agent of its own, over UDP. */
  caller(): Promise<UserAgent>;
  stop(): Promise<void>;
}

/** @param options of `npm start` */
export async function startPoolRun(...options: string[]): Promise<PoolRun> {
  const events: RunEvent[] = [];
  const alive = new Set<unknown>();
  let most = 0;
  const stack = await startStack(options, {}, (event) => {
    events.push(event);
    if (event.event === 'task.starting') alive.add(event.taskId);
    if (event.event === 'task.stopped') alive.delete(event.taskId);
    most = Math.max(most, alive.size);
  });
  const client = new DynamoDBClient({
    endpoint: stack.dynamoDbEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const table = openTable(client, stack.outputs.TableName as string);
  const agents: UserAgent[] = [];
  return {
    stack,
    events,
    tasks: () => alive.size,
    mostTasks: () => most,
    async items(prefix) {
      const found: Item[] = [];
      let from: Item | undefined;
      do {
        const page = await table.scan((in_) => `begins_with(${in_.name('pk')}, ${in_.value(prefix)})`, from);
        found.push(...page.items);
        from = page.next;
      } while (from !== undefined);
      return found;
    },
    async caller() {
      const server = { address: stack.sip.host, port: stack.sip.port };
      const agent = await UserAgent.open({ server, protocol: 'udp' });
      agents.push(agent);
      return agent;
    },
    async stop() {
      await Promise.all(agents.map((agent) => agent.close()));
      client.destroy();
      await stack.stop();
    },
  };
}
