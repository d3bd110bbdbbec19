import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { taskHostKey } from '../../lambdas/store/keys.ts';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import { until } from '../support/until.ts';
import { Stack, secret } from './support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start('--min-free', '1', '--max', '1');
});
afterAll(() => stack?.stop());

/** ECS has told where the task runs, and the fleet has taken it down. */
async function untilHostIsKnown(taskId: string): Promise<void> {
  const { dynamoDbEndpoint: endpoint, region, outputs } = stack.run;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const table = new DynamoDBClient({ endpoint, region, credentials });
  const Key = { pk: { S: taskHostKey(taskId) } };
  const command = new GetItemCommand({ TableName: outputs.TableName, Key });
  await until('where the task runs', async () => (await table.send(command)).Item);
  table.destroy();
}

it('the name of a gateway is nobody else’s who knows the secret, from another address', async () => {
  const [gateway] = await stack.gateways();
  const { username, contact } = gateway as { username: string; contact: string };
  await untilHostIsKnown(username.split('.')[0] as string);
  const bind = { address: '127.0.0.9', port: 0 };
  const thief = await UserAgent.open({ server: stack.server, protocol: 'udp', bind });
  const account = { username, domain: stack.domain, password: secret, refresh: false };
  await expect(thief.addUser(account, () => {}).register()).rejects.toMatchObject({ status: 403 });
  await thief.close();
  expect(await stack.gateways()).toMatchObject([{ username, contact }]);
});
