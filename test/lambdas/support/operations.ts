import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

type Operation =
  | 'GetItem'
  | 'BatchGetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'TransactWriteItems'
  | 'Query'
  | 'Scan';

export interface Counted {
  client: DynamoDBClient;
  counts: Partial<Record<Operation, number>>;
  /** Write units that the indexes took, where the engine told. */
  reset(): void;
}

/** A client of the same engine that counts what goes over the wire: the operations that AWS bills. */
export function countOperations(like: DynamoDBClient): Counted {
  const client = new DynamoDBClient({
    endpoint: async () => {
      const endpoint = await like.config.endpoint?.();
      if (!endpoint) throw new Error('the client has no endpoint');
      return endpoint;
    },
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const counted: Counted = {
    client,
    counts: {},
    reset() {
      counted.counts = {};
    },
  };
  client.middlewareStack.add(
    (next, context) => (args) => {
      const operation = String(context.commandName).replace(/Command$/, '') as Operation;
      counted.counts[operation] = (counted.counts[operation] ?? 0) + 1;
      return next(args);
    },
    { step: 'finalizeRequest' },
  );
  return counted;
}
