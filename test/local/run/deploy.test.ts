import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeChangeSetCommand } from '@aws-sdk/client-cloudformation';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AllocateGateway } from '../../../contracts/commands.ts';
import { synthesize } from '../../../local/run/synthesize.ts';
import { type ApiAnswer, apiEvent } from '../../support/api-event.ts';
import { CdkSuite, peer, register, stackName } from './support/cdk.ts';

const suite = new CdkSuite();

beforeAll(() => synthesize({}, () => undefined, new AbortController().signal));

const allocate: AllocateGateway = {
  command: 'allocateGateway',
  callId: 'call-1',
  edgeId: 'edge-1',
  room: '1234',
  caller: { uri: 'sip:alice@example.org', received: peer },
  attempt: 1,
  failed: [],
};

describe('cdk deploy of data that need not be kept', () => {
  it('makes all of the stack in the empty cloud', async () => {
    expect(await suite.tableNames()).toEqual([]);
    const { code, stdout, stderr } = await suite.deploy('-c', 'keepData=false');
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).toMatch(/✅ +Switchroom\n/);
    expect(await suite.describeStack()).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      EnableTerminationProtection: false,
      Tags: [{ Key: 'switchroom', Value: stackName }],
    });
    expect(await suite.outputs()).toMatchObject({ SipServer: '127.0.0.1:5060', BusName: 'Switchroom-facts' });
  });

  it('pushes the two images, so that their tasks can run', async () => {
    expect(suite.dockerCalls().filter((call) => call === 'push')).toHaveLength(2);
    const { GatewayTaskDefinition = '', Cluster = '' } = await suite.outputs();
    const { tasks } = suite.cloud.tasks.runTask({
      taskDefinition: GatewayTaskDefinition,
      cluster: Cluster,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
    });
    const [container] = (tasks[0]?.containers ?? []) as { image?: string }[];
    const image = container?.image ?? '';
    expect(readdirSync(suite.cloud.images.directoryOf(image)).sort()).toEqual([
      'Dockerfile',
      'entrypoint.sh',
    ]);
  });

  it('gives the table its key, its indexes and its TTL', async () => {
    const { TableName = '' } = await suite.outputs();
    expect(await suite.dynamoDb('DescribeTable', { TableName })).toMatchObject({
      Table: {
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: expect.arrayContaining([
          expect.objectContaining({ IndexName: 'free' }),
          expect.objectContaining({ IndexName: 'watch' }),
        ]),
      },
    });
    expect(await suite.dynamoDb('DescribeTimeToLive', { TableName })).toMatchObject({
      TimeToLiveDescription: { AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' },
    });
  });

  it('gives functions that register a gateway and allocate it, in their roles', async () => {
    expect(await suite.invoke('register', register)).toMatchObject({ result: 'bindings', fresh: true });
    expect(await suite.invoke('allocate', allocate)).toMatchObject({
      result: 'granted',
      username: register.username,
    });
  });

  it('changes nothing when it is run again', async () => {
    const before = await suite.describeStack();
    const pushed = suite.dockerCalls().length;
    const { code, stdout, stderr } = await suite.deploy('-c', 'keepData=false');
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).toMatch(/✅ +Switchroom \(no changes\)/);
    expect(await suite.describeStack()).toEqual(before);
    expect(suite.dockerCalls()).toHaveLength(pushed);
  });

  it('shows a changed setting as a change set of just the functions that it is for', async () => {
    const settings = ['-c', 'keepData=false', '-c', 'lockLeaseSec=90'];
    const { code, stderr } = await suite.deploy(...settings, '--no-execute', '--change-set-name', 'lease');
    expect(code, stderr).toBe(0);
    const { Changes } = await suite.cloudFormation.send(
      new DescribeChangeSetCommand({ StackName: stackName, ChangeSetName: 'lease' }),
    );
    const changed = ['register', 'allocate', 'calls', 'fleet', 'api'].map((name) => ({
      Action: 'Modify',
      ResourceType: 'AWS::Lambda::Function',
      PhysicalResourceId: `Switchroom-${name}`,
      Replacement: 'False',
      Details: [{ Target: { Attribute: 'Properties', Name: 'Environment' } }],
    }));
    expect(Changes?.map(({ ResourceChange: change }) => change)).toMatchObject(changed);
    expect(await suite.invoke('allocate', allocate)).toMatchObject({ result: 'granted' });
  });

  it('makes the change, and the data stays', async () => {
    const { code, stderr } = await suite.deployAgain(join(suite.dir, 'cdk.out'));
    expect(code, stderr).toBe(0);
    expect(await suite.describeStack()).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    const other = { ...register, username: '10.0.0.2.mediagw.1', registrationId: 'registration-2' };
    await suite.invoke('register', other);
    const before = Date.now();
    const granted = await suite.invoke<{ lockedUntil: number }>('allocate', {
      ...allocate,
      callId: 'call-2',
    });
    expect(granted.lockedUntil).toBeGreaterThanOrEqual(before + 90_000);
    expect(granted.lockedUntil).toBeLessThanOrEqual(Date.now() + 90_000);
    const { body } = await suite.invoke<ApiAnswer>('api', apiEvent('/gateways'));
    const { items } = JSON.parse(body) as { items: { username: string }[] };
    expect(items.map(({ username }) => username).sort()).toEqual([register.username, other.username]);
  });

  it('leaves nothing after cdk destroy', async () => {
    const { code, stderr } = await suite.run(['destroy', '--force', '--app', join(suite.dir, 'cdk.out')]);
    expect(code, stderr).toBe(0);
    await expect(suite.describeStack()).rejects.toThrow(/does not exist/);
    expect(await suite.tableNames()).toEqual([]);
    await expect(suite.invoke('register', register)).rejects.toThrow(/Function not found/);
    expect(() =>
      suite.cloud.secrets.getSecretValue({ SecretId: `${stackName}-SipSecretCA64F3D6` }),
    ).toThrow();
    expect(readdirSync(join(suite.cloud.dir, 'queues'))).toEqual([]);
  });
});
