import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CloudFormationClient,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stateDir } from '../../../command-line/run-file.ts';
import type { AllocateGateway, RegisterCommand } from '../../../contracts/commands.ts';
import { sdkVariables } from '../../../local/aws/cloud.ts';
import { callDynamoDb } from '../../../local/aws/dynamodb/dynamodb.ts';
import { dockerFile } from '../../../local/aws/ecr/images.ts';
import { withLock } from '../../../local/run/files/lock.ts';
import { synthesize } from '../../../local/run/synthesize.ts';
import { type CommandResult, runCommand } from '../../support/process/run-command.ts';
import { type EmptyTestCloud, startEmptyTestCloud, startTestDynamoDb } from '../aws/test-cloud.ts';

/* The real `cdk` of this project, against a local cloud that is empty at first. */

const cdk = resolve(import.meta.dirname, '../../../node_modules/aws-cdk/bin/cdk');
const stackName = 'Switchroom';

let cloud: EmptyTestCloud;
let table: Awaited<ReturnType<typeof startTestDynamoDb>>;
let cloudFormation: CloudFormationClient;
let lambda: LambdaClient;
const dir = mkdtempSync(join(tmpdir(), 'switchroom-deploy-'));
const dockerLog = join(dir, 'docker.log');

beforeAll(async () => {
  table = await startTestDynamoDb();
  cloud = await startEmptyTestCloud({ dynamoDbEndpoint: table.endpoint });
  cloudFormation = new CloudFormationClient(cloud.client);
  lambda = new LambdaClient(cloud.client);
  const recorder = `#!/bin/sh\necho "$1" >> '${dockerLog}'\nexec '${dockerFile}' "$@"\n`;
  writeFileSync(join(dir, 'docker'), recorder, { mode: 0o755 });
  writeFileSync(dockerLog, '');
  await synthesize({}, () => undefined, new AbortController().signal);
});

afterAll(async () => {
  await cloud?.close();
  await table?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Runs `cdk` in the environment that `npm run local-cloud` prints. */
function runCdk(args: readonly string[]): Promise<CommandResult> {
  return runCommand(cdk, [...args, '--no-notices', '--no-color'], {
    ...sdkVariables(cloud.endpoint),
    CDK_DOCKER: join(dir, 'docker'),
    SWITCHROOM_IMAGES: cloud.images.dir,
    // What it remembers of accounts is not the next test's.
    CDK_HOME: dir,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  });
}

/** Synthesizes and deploys, as a person does. The bundles in dist/ are one for all tests. */
const deploy = (...args: string[]) =>
  withLock(join(stateDir, 'synth.lock'), () =>
    runCdk(['deploy', '--require-approval', 'never', '--output', join(dir, 'cdk.out'), ...args]),
  );

/** Deploys what has been synthesized. */
const deployAgain = (app: string) => runCdk(['deploy', '--require-approval', 'never', '--app', app]);

async function invoke<T>(name: string, command: object): Promise<T> {
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: `${stackName}-${name}`, Payload: JSON.stringify(command) }),
  );
  const text = Buffer.from(Payload ?? []).toString();
  if (FunctionError) throw new Error(`${name} failed: ${text}`);
  return JSON.parse(text);
}

async function describeStack() {
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }));
  return Stacks?.[0];
}

const outputs = async () =>
  Object.fromEntries(
    ((await describeStack())?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );

const tableNames = async () => (await callDynamoDb(table.endpoint, 'ListTables', {})).TableNames;
const dockerCalls = () => readFileSync(dockerLog, 'utf8').trim().split('\n');

const peer = { address: '127.0.0.1', port: 5060, protocol: 'udp' } as const;
const register: RegisterCommand = {
  command: 'registerGateway',
  username: '10.0.0.1.mediagw.1',
  registrationId: 'registration-1',
  cseq: 1,
  // Longer than the deployments that it shall outlast.
  contacts: [{ uri: 'sip:10.0.0.1.mediagw.1@127.0.0.1:5060', expiresSec: 3600 }],
  received: peer,
  edgeId: 'edge-1',
};
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
    expect(await tableNames()).toEqual([]);
    const { code, stdout, stderr } = await deploy('-c', 'keepData=false');
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).toMatch(/✅ +Switchroom\n/);
    expect(await describeStack()).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      EnableTerminationProtection: false,
      Tags: [{ Key: 'switchroom', Value: stackName }],
    });
    expect(await outputs()).toMatchObject({ SipServer: '127.0.0.1:5060', BusName: 'Switchroom-facts' });
  });

  it('pushes the two images, so that their tasks can run', async () => {
    expect(dockerCalls().filter((call) => call === 'push')).toHaveLength(2);
    const { GatewayTaskDefinition = '', Cluster = '' } = await outputs();
    const { tasks } = cloud.tasks.runTask({
      taskDefinition: GatewayTaskDefinition,
      cluster: Cluster,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
    });
    const [container] = (tasks[0]?.containers ?? []) as { image?: string }[];
    const image = container?.image ?? '';
    expect(readdirSync(cloud.images.directoryOf(image)).sort()).toEqual(['Dockerfile', 'entrypoint.sh']);
  });

  it('gives the table its key, its indexes and its TTL', async () => {
    const { TableName = '' } = await outputs();
    expect(await callDynamoDb(table.endpoint, 'DescribeTable', { TableName })).toMatchObject({
      Table: {
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: expect.arrayContaining([
          expect.objectContaining({ IndexName: 'free' }),
          expect.objectContaining({ IndexName: 'watch' }),
        ]),
      },
    });
    expect(await callDynamoDb(table.endpoint, 'DescribeTimeToLive', { TableName })).toMatchObject({
      TimeToLiveDescription: { AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' },
    });
  });

  it('gives functions that register a gateway and allocate it, in their roles', async () => {
    expect(await invoke('register', register)).toMatchObject({ result: 'bindings', fresh: true });
    expect(await invoke('allocate', allocate)).toMatchObject({
      result: 'granted',
      username: register.username,
    });
  });

  it('changes nothing when it is run again', async () => {
    const before = await describeStack();
    const pushed = dockerCalls().length;
    const { code, stdout, stderr } = await deploy('-c', 'keepData=false');
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).toMatch(/✅ +Switchroom \(no changes\)/);
    expect(await describeStack()).toEqual(before);
    expect(dockerCalls()).toHaveLength(pushed);
  });

  it('shows a changed setting as a change set of just the functions that it is for', async () => {
    const settings = ['-c', 'keepData=false', '-c', 'lockLeaseSec=90'];
    const { code, stderr } = await deploy(...settings, '--no-execute', '--change-set-name', 'lease');
    expect(code, stderr).toBe(0);
    const { Changes } = await cloudFormation.send(
      new DescribeChangeSetCommand({ StackName: stackName, ChangeSetName: 'lease' }),
    );
    const changed = ['register', 'allocate', 'calls', 'fleet'].map((name) => ({
      Action: 'Modify',
      ResourceType: 'AWS::Lambda::Function',
      PhysicalResourceId: `Switchroom-${name}`,
      Replacement: 'False',
      Details: [{ Target: { Attribute: 'Properties', Name: 'Environment' } }],
    }));
    expect(Changes?.map(({ ResourceChange: change }) => change)).toMatchObject(changed);
    expect(await invoke('allocate', allocate)).toMatchObject({ result: 'granted' });
  });

  it('makes the change, and the data stays', async () => {
    const { code, stderr } = await deployAgain(join(dir, 'cdk.out'));
    expect(code, stderr).toBe(0);
    expect(await describeStack()).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    const other = { ...register, username: '10.0.0.2.mediagw.1', registrationId: 'registration-2' };
    await invoke('register', other);
    const before = Date.now();
    const granted = await invoke<{ lockedUntil: number }>('allocate', { ...allocate, callId: 'call-2' });
    expect(granted.lockedUntil).toBeGreaterThanOrEqual(before + 90_000);
    expect(granted.lockedUntil).toBeLessThanOrEqual(Date.now() + 90_000);
    const { gateways } = await invoke<{ gateways: { username: string }[] }>('inspect', {
      command: 'listGateways',
    });
    expect(gateways.map(({ username }) => username).sort()).toEqual([register.username, other.username]);
  });

  it('leaves nothing after cdk destroy', async () => {
    const { code, stderr } = await runCdk(['destroy', '--force', '--app', join(dir, 'cdk.out')]);
    expect(code, stderr).toBe(0);
    await expect(describeStack()).rejects.toThrow(/does not exist/);
    expect(await tableNames()).toEqual([]);
    await expect(invoke('register', register)).rejects.toThrow(/Function not found/);
    expect(() => cloud.secrets.getSecretValue({ SecretId: `${stackName}-SipSecretCA64F3D6` })).toThrow();
    expect(readdirSync(join(cloud.dir, 'queues'))).toEqual([]);
  });
});

describe('cdk deploy of data that is kept', () => {
  const assembly = () =>
    synthesize({ zones: '2' }, () => undefined, new AbortController().signal).then(
      ({ directory }) => directory,
    );
  let app: string;
  let stackId: string;

  beforeAll(async () => {
    app = await assembly();
  });

  it('protects the stack: cdk destroy is refused', async () => {
    const deployed = await deployAgain(app);
    expect(deployed.code, deployed.stderr).toBe(0);
    const stack = await describeStack();
    stackId = stack?.StackId ?? '';
    expect(stack).toMatchObject({ EnableTerminationProtection: true });
    await invoke('register', register);

    const { code, stdout, stderr } = await runCdk(['destroy', '--force', '--app', app]);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/TerminationProtection is enabled/);
    expect(await describeStack()).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });

  it('keeps table and secret, and nothing else, once the protection is taken away', async () => {
    const { TableName = '', SipSecretName = '' } = await outputs();
    await cloudFormation.send(
      new UpdateTerminationProtectionCommand({ StackName: stackName, EnableTerminationProtection: false }),
    );
    const { code, stderr } = await runCdk(['destroy', '--force', '--app', app]);
    expect(code, stderr).toBe(0);
    const { StackEvents = [] } = await cloudFormation.send(
      new DescribeStackEventsCommand({ StackName: stackId }),
    );
    const skipped = StackEvents.filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_SKIPPED');
    expect(skipped.map(({ ResourceType }) => ResourceType).sort()).toEqual([
      'AWS::DynamoDB::Table',
      'AWS::SecretsManager::Secret',
    ]);
    expect(await tableNames()).toEqual([TableName]);
    expect(await callDynamoDb(table.endpoint, 'Scan', { TableName })).toMatchObject({ Count: 1 });
    expect(cloud.secrets.getSecretValue({ SecretId: SipSecretName })).toHaveProperty('SecretString');
    await expect(invoke('register', register)).rejects.toThrow(/Function not found/);
  });
});
