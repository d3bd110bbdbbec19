import type { Credentials } from './iam/signatures.ts';
import { region } from './identity.ts';

/** What a process needs to use the local cloud by the AWS SDK, as the bearer of these credentials. */
export function sdkVariables(
  endpoint: string,
  { accessKeyId, secretAccessKey }: Credentials,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    // Otherwise the SDK would look for a region and credentials in files of the person who runs this.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
