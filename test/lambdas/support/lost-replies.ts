import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * A client whose requests all reach the table, but the replies to some are lost, so that the SDK sends them again.
 * @param isLost decides of each request by its command (`UpdateItemCommand`) and how many of them were sent before
 */
export function clientThatLoses(
  endpoint: string,
  isLost: (command: string, sentBefore: number) => boolean,
): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const sent = new Map<string, number>();
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const before = sent.get(commandName) ?? 0;
        sent.set(commandName, before + 1);
        const reply = await next(args);
        if (!isLost(commandName, before)) return reply;
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
      },
    // Within the SDK's own retries.
    { step: 'deserialize', name: 'loseReplies', priority: 'high' },
  );
  return client;
}
