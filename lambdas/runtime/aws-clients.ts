import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { leanClient } from '../../aws-client/lean-client.ts';

/**
 * A SIP transaction waits for most of what is asked here: two tries of 1.5 s each end before the function's own time
 * limit of 5 s, so that the edge learns why.
 */
export const awsClientConfig = {
  ...leanClient,
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 1500, throwOnRequestTimeout: true },
};

/** @returns a client of the region and endpoint that the environment names. */
export function dynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient(awsClientConfig);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
