import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { CommandError } from '../../command-line/command-error.ts';
import { defaultRunFile, readRunFile } from '../../command-line/run-file.ts';
import { type Signer, signedHeaders } from '../../command-line/sigv4.ts';

/* Where the API is, and by what right it is asked. */

export type Where =
  | { kind: 'run'; file: string | undefined }
  | { kind: 'stack'; name: string }
  | { kind: 'url'; url: string; token: string };

/** The API as it can be asked. */
export interface Target {
  /** With `/v1` at its end, or `/iam/v1`. */
  address: string;
  /** @returns the headers that a request needs to be let in */
  sign: (method: string, url: URL, body: string | undefined) => Promise<Record<string, string>>;
}

const bearing = (address: string, token: string): Target => ({
  address: `${address.replace(/\/$/, '')}/v1`,
  sign: async () => ({ authorization: `Bearer ${token}` }),
});

/** @throws CommandError where there is none, saying what to do */
export async function targetOf(where: Where): Promise<Target> {
  switch (where.kind) {
    case 'url':
      return bearing(where.url, where.token);
    case 'stack':
      return signing(await addressOfStack(where.name));
    case 'run': {
      const file = where.file ?? defaultRunFile;
      const run = readRunFile(file);
      const address = run?.outputs.ApiAddress;
      if (run && address) return bearing(address, run.apiToken);
      throw new CommandError(
        `no run on this machine (${file}): start one with npm start, or name a deployed --stack or a --url`,
      );
    }
  }
}

async function addressOfStack(StackName: string): Promise<string> {
  const client = new CloudFormationClient({ maxAttempts: 2 });
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    const address = stack?.Outputs?.find(({ OutputKey }) => OutputKey === 'ApiAddress')?.OutputValue;
    if (address) return address;
    throw new CommandError(`stack ${StackName} has no API: is it of an earlier version?`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(explain(error as Error, StackName));
  } finally {
    client.destroy();
  }
}

/** What the SDK says, in words that help. */
function explain({ name, message }: Error, stack: string): string {
  if (/does not exist/.test(message)) {
    return `there is no stack ${stack} in this account and region: check --stack, AWS_PROFILE and AWS_REGION`;
  }
  if (name === 'CredentialsProviderError')
    return `no AWS credentials: set AWS_PROFILE, or sign in (${message})`;
  if (message === 'Region is missing') return 'no AWS region: set AWS_REGION or AWS_PROFILE';
  return `stack ${stack} cannot be asked for: ${message || name}`;
}

/** Asked by signature, with the AWS credentials of the environment. */
function signing(address: string): Target {
  // https://{id}.execute-api.{region}.amazonaws.com
  const region = /execute-api\.([a-z0-9-]+)\./.exec(address)?.[1] ?? process.env.AWS_REGION ?? 'us-east-1';
  const signer: Signer = { service: 'execute-api', region, credentials: defaultProvider() };
  return {
    address: `${address.replace(/\/$/, '')}/iam/v1`,
    sign: (method, url, body) =>
      signedHeaders(
        signer,
        method,
        url,
        body,
        body === undefined ? {} : { 'content-type': 'application/json' },
      ),
  };
}
