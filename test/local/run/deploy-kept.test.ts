import {
  DescribeStackEventsCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { beforeAll, describe, expect, it } from 'vitest';
import { synthesize } from '../../../local/run/synthesize.ts';
import { CdkSuite, register, stackName } from './support/cdk.ts';

const suite = new CdkSuite();

describe('cdk deploy of data that is kept', () => {
  let app: string;
  let stackId: string;

  beforeAll(async () => {
    const { signal } = new AbortController();
    app = (await synthesize({ zones: '2' }, () => undefined, signal)).directory;
  });

  it('protects the stack: cdk destroy is refused', async () => {
    const deployed = await suite.deployAgain(app);
    expect(deployed.code, deployed.stderr).toBe(0);
    const stack = await suite.describeStack();
    stackId = stack?.StackId ?? '';
    expect(stack).toMatchObject({ EnableTerminationProtection: true });
    await suite.invoke('register', register);

    const { code, stdout, stderr } = await suite.run(['destroy', '--force', '--app', app]);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/TerminationProtection is enabled/);
    expect(await suite.describeStack()).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });

  it('keeps table and secret, and nothing else, once the protection is taken away', async () => {
    const { TableName = '', SipSecretName = '' } = await suite.outputs();
    await suite.cloudFormation.send(
      new UpdateTerminationProtectionCommand({ StackName: stackName, EnableTerminationProtection: false }),
    );
    const { code, stderr } = await suite.run(['destroy', '--force', '--app', app]);
    expect(code, stderr).toBe(0);
    const { StackEvents = [] } = await suite.cloudFormation.send(
      new DescribeStackEventsCommand({ StackName: stackId }),
    );
    const skipped = StackEvents.filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_SKIPPED');
    expect(skipped.map(({ ResourceType }) => ResourceType).sort()).toEqual([
      'AWS::DynamoDB::Table',
      'AWS::SecretsManager::Secret',
    ]);
    expect(await suite.tableNames()).toEqual([TableName]);
    expect(await suite.dynamoDb('Scan', { TableName })).toMatchObject({ Count: 1 });
    expect(suite.cloud.secrets.getSecretValue({ SecretId: SipSecretName })).toHaveProperty('SecretString');
    await expect(suite.invoke('register', register)).rejects.toThrow(/Function not found/);
  });
});
