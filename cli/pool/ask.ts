import {
  InvokeCommand,
  type InvokeCommandOutput,
  LambdaClient,
  type LambdaClientConfig,
} from '@aws-sdk/client-lambda';
import { CommandError } from '../../command-line/command-error.ts';
import { outputOfRun } from '../../command-line/run-file.ts';
import { type InspectAnswer, inspectAnswerSchema } from '../../contracts/inspect.ts';
import type { PoolOptions } from './options.ts';

function target(where: PoolOptions['where']): { functionName: string; config: LambdaClientConfig } {
  if (where.kind === 'aws') return { functionName: where.functionName, config: {} };
  const { value: functionName, config } = outputOfRun(where.file, 'InspectFunction');
  return { functionName, config };
}

/** What the SDK says, in words that help. */
function explain(error: Error, functionName: string): string {
  switch (error.name) {
    case 'ResourceNotFoundException':
      return `there is no function ${functionName} in this account and region: check --stack, AWS_PROFILE and AWS_REGION`;
    case 'CredentialsProviderError':
      return `no AWS credentials: set AWS_PROFILE, or sign in (${error.message})`;
    case 'AccessDeniedException':
      return `not allowed to invoke ${functionName}: lambda:InvokeFunction is needed`;
    default:
      if (error.message === 'Region is missing') return 'no AWS region: set AWS_REGION or AWS_PROFILE';
      return `${functionName} cannot be asked: ${error.message || error.name}`;
  }
}

async function send(
  client: LambdaClient,
  functionName: string,
  payload: string,
): Promise<InvokeCommandOutput> {
  try {
    return await client.send(new InvokeCommand({ FunctionName: functionName, Payload: payload }));
  } catch (error) {
    throw new CommandError(explain(error as Error, functionName));
  }
}

/**
 * Asks the inspect function.
 * @throws CommandError in one line, whatever is in the way
 */
export async function ask({ where, command }: PoolOptions): Promise<InspectAnswer> {
  const { functionName, config } = target(where);
  const client = new LambdaClient({ maxAttempts: 2, ...config });
  try {
    const { Payload, FunctionError } = await send(client, functionName, JSON.stringify(command));
    const text = Payload?.transformToString() ?? '';
    if (FunctionError) {
      const { errorMessage } = JSON.parse(text) as { errorMessage?: string };
      throw new CommandError(`${functionName} failed: ${errorMessage}`);
    }
    const answer = inspectAnswerSchema.safeParse(JSON.parse(text));
    if (answer.success) return answer.data;
    throw new CommandError(
      `${functionName} answers what this version does not know: is it of another version?`,
    );
  } finally {
    client.destroy();
  }
}
