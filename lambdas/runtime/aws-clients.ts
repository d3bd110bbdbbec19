import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/**
 * A SIP transaction waits for most of what is asked here: two tries of 1.5 s each end before the function's own time
 * limit of 5 s, so that the edge learns why.
 */
export const awsClientConfig = {
  maxAttempts: 2,
  // The chain of middleware of a command is built once, not for each call: about a tenth of its CPU.
  cacheMiddleware: true,
  // For a logger with `info` and `error`, also one that says nothing, the SDK copies the input and output of each command.
  logger: { debug() {}, warn() {} } as unknown as NonNullable<DynamoDBClientConfig['logger']>,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 1500, throwOnRequestTimeout: true },
};

/** @returns a client of the region and endpoint that the environment names. */
export function dynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient(awsClientConfig);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
