import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll } from 'vitest';
import { stateDir } from '../../../../command-line/run-file.ts';
import type { RegisterCommand } from '../../../../contracts/commands.ts';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';
import { dockerFile } from '../../../../local/aws/ecr/images.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';
import { withLock } from '../../../../local/run/files/lock.ts';
import { type CommandResult, runCommand } from '../../../support/process/run-command.ts';
import { type EmptyTestCloud, startEmptyTestCloud, startTestDynamoDb } from '../../aws/test-cloud.ts';

const cdk = resolve(import.meta.dirname, '../../../../node_modules/aws-cdk/bin/cdk');
export const stackName = 'Switchroom';

/** The real `cdk` of this project, against a local cloud that is empty at first. */
export class CdkSuite {
  cloud!: EmptyTestCloud;
  cloudFormation!: CloudFormationClient;
  #table!: Awaited<ReturnType<typeof startTestDynamoDb>>;
  #lambda!: LambdaClient;
  readonly dir = mkdtempSync(join(tmpdir(), 'switchroom-deploy-'));
  readonly #dockerLog = join(this.dir, 'docker.log');

  /** Registers the hooks that start the cloud and end everything. */
  constructor() {
    beforeAll(async () => {
      this.#table = await startTestDynamoDb();
      this.cloud = await startEmptyTestCloud({ dynamoDbEndpoint: this.#table.endpoint });
      this.cloudFormation = new CloudFormationClient(this.cloud.client);
      this.#lambda = new LambdaClient(this.cloud.client);
      const recorder = `#!/bin/sh\necho "$1" >> '${this.#dockerLog}'\nexec '${dockerFile}' "$@"\n`;
      writeFileSync(join(this.dir, 'docker'), recorder, { mode: 0o755 });
      writeFileSync(this.#dockerLog, '');
    });
    afterAll(async () => {
      await this.cloud?.close();
      await this.#table?.stop();
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  /** Runs `cdk` in the environment that `npm run local-cloud` prints. */
  run(args: readonly string[]): Promise<CommandResult> {
    return runCommand(cdk, [...args, '--no-notices', '--no-color'], {
      ...this.cloud.variablesOf(),
      CDK_DOCKER: join(this.dir, 'docker'),
      SWITCHROOM_IMAGES: this.cloud.images.dir,
      // What it remembers of accounts is not the next test's.
      CDK_HOME: this.dir,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    });
  }

  /** Synthesizes and deploys, as a person does. The bundles in dist/ are one for all tests. */
  deploy(...args: string[]): Promise<CommandResult> {
    return withLock(join(stateDir, 'synth.lock'), () =>
      this.run(['deploy', '--require-approval', 'never', '--output', join(this.dir, 'cdk.out'), ...args]),
    );
  }

  /** Deploys what has been synthesized. */
  deployAgain(app: string): Promise<CommandResult> {
    return this.run(['deploy', '--require-approval', 'never', '--app', app]);
  }

  async invoke<T>(name: string, command: object): Promise<T> {
    const { Payload, FunctionError } = await this.#lambda.send(
      new InvokeCommand({ FunctionName: `${stackName}-${name}`, Payload: JSON.stringify(command) }),
    );
    const text = Buffer.from(Payload ?? []).toString();
    if (FunctionError) throw new Error(`${name} failed: ${text}`);
    return JSON.parse(text);
  }

  async describeStack() {
    const { Stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }));
    return Stacks?.[0];
  }

  async outputs(): Promise<Record<string, string | undefined>> {
    const { Outputs = [] } = (await this.describeStack()) ?? {};
    return Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  }

  /** Asks the table engine. */
  dynamoDb(operation: string, request: JsonObject) {
    return callDynamoDb(this.#table.endpoint, operation, request);
  }

  async tableNames(): Promise<unknown> {
    return (await this.dynamoDb('ListTables', {})).TableNames;
  }

  /** What docker was asked for. */
  dockerCalls(): string[] {
    return readFileSync(this.#dockerLog, 'utf8').trim().split('\n');
  }
}

export const peer = { address: '127.0.0.1', port: 5060, protocol: 'udp' } as const;
export const register: RegisterCommand = {
  command: 'registerGateway',
  username: '10.0.0.1.mediagw.1',
  registrationId: 'registration-1',
  cseq: 1,
  // Longer than the deployments that it shall outlast.
  contacts: [{ uri: 'sip:10.0.0.1.mediagw.1@127.0.0.1:5060', expiresSec: 3600 }],
  received: peer,
  edgeId: 'edge-1',
};
