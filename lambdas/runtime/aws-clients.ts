import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SignatureV4 } from '@smithy/signature-v4';
import { leanClient } from '../../aws-client/lean-client.ts';
import { defaultProvider } from './function-credentials.ts';

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
  const { AWS_REGION: region = '' } = process.env;
  const { sha256 } = leanClient;
  // One for all requests: else the SDK makes one for each, from a copy of the client's whole configuration.
  const signer = new SignatureV4({ credentials: defaultProvider(), region, service: 'dynamodb', sha256 });
  return new DynamoDBClient({ ...awsClientConfig, signer });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
