import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { SynthesizedStack } from '../../../local/aws/assets/assets.ts';
import { type LocalCloud, startLocalCloud } from '../../../local/aws/cloud.ts';
import type { LocalCloudOptions } from '../../../local/aws/cloud-options.ts';
import {
  dynoxideArguments,
  dynoxideFile,
  untilDynamoDbAnswers,
} from '../../../local/aws/dynamodb/dynamodb.ts';
import { region } from '../../../local/aws/identity.ts';
import type { JsonObject, ResolvedStack } from '../../../local/aws/template.ts';
import { freePort } from '../../../local/run/ports.ts';
import { patienceMs } from '../../support/patience.ts';

const fixtures = resolve(import.meta.dirname, 'fixtures');

/** A template resource for a function of test/local/fixtures/functions. */
export const functionResource = (bundle: string, properties: JsonObject = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { S3Bucket: 'assets', S3Key: bundle },
    Timeout: 5,
    MemorySize: 128,
    ...properties,
  },
});

/** A template resource for a task of test/local/fixtures/tasks. */
export const taskResource = (family: string, container: JsonObject = {}, properties: JsonObject = {}) => ({
  Type: 'AWS::ECS::TaskDefinition',
  Properties: {
    Family: family,
    ...properties,
    ContainerDefinitions: [{ Name: 'main', Image: `${family}.mjs`, ...container }],
  },
});

const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

/** Lets a rule of the template invoke a function. */
export const mayInvoke = (functionName: JsonObject | string, ruleId: string) => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    Action: 'lambda:InvokeFunction',
    FunctionName: functionName,
    Principal: 'events.amazonaws.com',
    SourceArn: arnOf(ruleId),
  },
});

/** Lets a rule of the template send to a queue, or as the parts of the statement say. */
export const maySend = (queueId: string, ruleId: string, statement: JsonObject = {}) => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: {
    Queues: [{ Ref: queueId }],
    PolicyDocument: {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: arnOf(queueId),
          Condition: { ArnEquals: { 'aws:SourceArn': arnOf(ruleId) } },
          ...statement,
        },
      ],
    },
  },
});

type Resources = Record<string, { Type: string; Properties?: JsonObject }>;

/** A local cloud that has no stack yet. */
export interface EmptyTestCloud extends LocalCloud {
  dir: string;
  dynamoDbEndpoint: string;
  /** Configuration for an SDK client. */
  client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
}

export interface TestCloud extends EmptyTestCloud {
  stack: ResolvedStack;
}

export function stackOf(resources: Resources): SynthesizedStack {
  return {
    name: 'Test',
    template: { Resources: resources },
    codeDirectory: (key) => join(fixtures, 'functions', key),
    imageDirectory: (image) => join(fixtures, 'tasks', image),
  };
}

const clients = ({ endpoint, credentialsOf }: LocalCloud) => ({
  endpoint,
  region,
  credentials: credentialsOf(),
});

/** A local cloud without a stack, and with no table engine unless one is named. */
export async function startEmptyTestCloud(options: Partial<LocalCloudOptions> = {}): Promise<EmptyTestCloud> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'switchroom-test-'));
  const dynamoDbEndpoint = options.dynamoDbEndpoint ?? 'http://127.0.0.1:9';
  const cloud = await startLocalCloud({
    dynamoDbEndpoint,
    dir,
    keep: false,
    host: '127.0.0.1',
    port: 0,
    commandOf: (_definition, imageDirectory) => ({ file: process.execPath, args: [imageDirectory()] }),
    ...options,
  });
  return {
    ...cloud,
    dir,
    dynamoDbEndpoint,
    client: clients(cloud),
    close: async () => {
      cloud.tasks.killAll();
      await cloud.tasks.stopAll('the test is over');
      await cloud.close();
      if (!options.dir) rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface TestCloudOptions extends Partial<LocalCloudOptions> {
  /** What is deployed, in the place of the resources. */
  stack?: SynthesizedStack;
}

/** A local cloud of these resources, with no table engine: for what needs no table. */
export async function startTestCloud(
  resources: Resources,
  { stack: given, ...options }: TestCloudOptions = {},
): Promise<TestCloud> {
  const cloud = await startEmptyTestCloud(options);
  try {
    return { ...cloud, stack: await cloud.deploy(given ?? stackOf(resources)) };
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

/** A table engine of its own. */
export async function startTestDynamoDb(
  file?: string,
): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const binary = dynoxideFile();
  if (!binary) throw new Error('@dynoxide/linux-x64 is not installed: npm ci');
  const port = await freePort();
  const child = spawn(binary, dynoxideArguments(port, file), { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  await untilDynamoDbAnswers(endpoint, AbortSignal.timeout(patienceMs));
  return {
    endpoint,
    stop: async () => {
      const exited = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await exited;
    },
  };
}
