import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../local/aws/template.ts';
import { writeRunFile } from '../../local/run/files/run-file.ts';
import { functionResource, maySend, startTestCloud, type TestCloud } from '../local/aws/test-cloud.ts';
import { runCommand } from '../support/process/run-command.ts';
import { until } from '../support/until.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

/** A queue of the function, and what could not be handled. */
const queueOf = (name: string, ruleId = 'Ended') => ({
  [`${name}Letters`]: {
    Type: 'AWS::SQS::Queue',
    Properties: { QueueName: `Test-${name.toLowerCase()}-dead-letters` },
  },
  [`${name}Queue`]: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: `Test-${name.toLowerCase()}`,
      RedrivePolicy: { deadLetterTargetArn: arnOf(`${name}Letters`), maxReceiveCount: 3 },
    },
  },
  [`${name}MaySend`]: maySend(`${name}Queue`, ruleId),
  [`${name}Mapping`]: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: arnOf(`${name}Queue`),
      FunctionName: { Ref: 'Calls' },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    },
  },
});

const resources = {
  Facts: { Type: 'AWS::Events::EventBus', Properties: { Name: 'facts' } },
  Calls: functionResource('probe'),
  ...queueOf('Calls'),
  ...queueOf('Fleet'),
  Ended: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventBusName: 'facts',
      EventPattern: { 'detail-type': ['call.ended'] },
      Targets: [{ Id: 'Target0', Arn: arnOf('CallsQueue') }],
    },
  },
};

/** What fails comes again at once, and twice. */
const redelivery = { afterMs: 1, times: 2 };
const letterQueue = 'arn:aws:sqs:us-east-1:000000000000:Test-calls-dead-letters';

let dir: string;
let cloud: TestCloud;
let runFile: string;
let missing: string;
let letters: number;

async function start(): Promise<void> {
  letters = 0;
  cloud = await startTestCloud(resources, { dir, keep: true, redelivery });
  cloud.queues.observeLetters(() => {
    letters += 1;
  });
  writeRunFile(runFile, {
    pid: process.pid,
    sip: { host: '127.0.0.1', port: 5060 },
    edges: [],
    domain: 'x',
    awsEndpoint: cloud.endpoint,
    dynamoDbEndpoint: cloud.dynamoDbEndpoint,
    region: 'us-east-1',
    outputs: { CallsQueue: 'Test-calls', FleetQueue: 'Test-fleet' },
    credentials: cloud.credentialsOf(),
    apiToken: 'x',
    logDir: dir,
  });
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'switchroom-replay-'));
  runFile = join(dir, 'run.json');
  missing = join(dir, 'needed');
  await start();
});
afterEach(async () => {
  await cloud.close();
  rmSync(dir, { recursive: true, force: true });
});

async function tell(type: string, detail: JsonObject): Promise<void> {
  const bus = new EventBridgeClient(cloud.client);
  await bus.send(
    new PutEventsCommand({
      Entries: [
        {
          Source: 'switchroom.edge',
          DetailType: type,
          EventBusName: 'facts',
          Detail: JSON.stringify(detail),
        },
      ],
    }),
  );
  bus.destroy();
}

/** A fact that its function fails on until there is the file it needs. */
async function failOn(callId: string): Promise<void> {
  const before = letters;
  await tell('call.ended', { do: 'read', file: missing, callId });
  await until('the letter is in the queue', () => letters > before);
}

const mend = () => writeFileSync(missing, 'mended');

interface Report {
  fate: string;
  what?: string;
  callId?: string;
  why?: string;
  because?: string;
}

async function replay(...args: string[]): Promise<{ code: number; report: Report[] }> {
  const { code, stdout, stderr } = await runCommand('cli/switchroom.ts', [
    'replay',
    '--run-file',
    runFile,
    '--json',
    ...args,
  ]);
  if (stdout === '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) };
}

describe('switchroom replay', () => {
  it('gives each letter back to the queue it came from, and deletes it', async () => {
    // More than one receive brings.
    for (let n = 1; n <= 12; n += 1) await failOn(`call-${n}`);
    mend();
    const { code, report } = await replay();
    expect(code).toBe(0);
    expect(report.map(({ callId }) => callId).sort()).toEqual(
      Array.from({ length: 12 }, (_, n) => `call-${n + 1}`).sort(),
    );
    expect(report[0]).toMatchObject({
      fate: 'given-back',
      what: 'call.ended',
      queue: 'Test-calls',
    });
    expect(await replay()).toEqual({ code: 0, report: [] });
    expect(letters).toBe(12);
  });

  it('gives back what EventBridge could not deliver, as it would have', async () => {
    const event = {
      'detail-type': 'call.ended',
      detail: { text: 'here again', callId: 'call-1' },
    };
    cloud.queues.send(letterQueue, JSON.stringify(event), {
      RULE_ARN: 'arn:aws:events:us-east-1:000000000000:rule/facts/Ended',
      TARGET_ARN: 'arn:aws:sqs:us-east-1:000000000000:Test-calls',
      ERROR_CODE: 'THROTTLING',
      ERROR_MESSAGE: 'Rate exceeded',
    });
    expect(await replay()).toMatchObject({
      code: 0,
      report: [{ fate: 'given-back', callId: 'call-1', why: 'THROTTLING: Rate exceeded' }],
    });
    const log = join(dir, 'logs', 'Test-Calls.log');
    await until('the function has it', () => readFileSync(log, 'utf8').includes('here again'));
  });

  it('shows them, and leaves them, where that is asked', async () => {
    await failOn('call-1');
    expect(await replay('--show')).toMatchObject({ code: 0, report: [{ fate: 'shown', callId: 'call-1' }] });
    // Visible again at once.
    expect(await replay('--show')).toMatchObject({ report: [{ fate: 'shown' }] });
    const { stdout } = await runCommand('cli/switchroom.ts', ['replay', '--run-file', runFile, '--show']);
    expect(stdout).toMatch(/call\.ended +call-1 +Test-calls +in the queue/);
  });

  it('ends where the cause is not mended: the letter comes back and stays', async () => {
    await failOn('call-1');
    const before = letters;
    await replay();
    await until('it failed again', () => letters > before);
    mend();
    expect(await replay()).toMatchObject({ report: [{ fate: 'given-back', callId: 'call-1' }] });
  });

  it('keeps what is no event, and says why', async () => {
    cloud.queues.send(letterQueue, JSON.stringify({ hello: 'world' }));
    cloud.queues.send(letterQueue, 'hello');
    const { code, report } = await replay();
    expect(code).toBe(1);
    const kept = { fate: 'kept', because: 'it is no event' };
    expect(report).toMatchObject([kept, kept]);
    expect((await replay('--show')).report).toHaveLength(2);
  });

  it('finds the letters of the run before, where state is kept', async () => {
    await failOn('call-1');
    await cloud.close();
    await start();
    mend();
    expect(await replay()).toMatchObject({ report: [{ fate: 'given-back', callId: 'call-1' }] });
  });

  it.each([
    [['--what'], /Unknown option/],
    [['--stack', 'A', '--run-file', 'b'], /--run-file is for a run on this machine/],
    [['--run-file', '/nonexistent/run.json'], /no run on this machine/],
  ])('refuses %j in one line', async (args, message) => {
    const { code, stderr } = await runCommand('cli/switchroom.ts', ['replay', ...args]);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('the queue', () => {
  it('gives nothing to a role that may not read it, nor to anybody what another is at', async () => {
    await failOn('call-1');
    const receive = (accessKeyId: string) => {
      const sqs = new SQSClient({
        ...cloud.client,
        useQueueUrlAsEndpoint: false,
        credentials: cloud.credentialsOf(accessKeyId),
      });
      const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/Test-calls-dead-letters';
      return sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    };
    await expect(receive('ROLE-nobody')).rejects.toMatchObject({
      message: expect.stringContaining('not authorized to perform: sqs:ReceiveMessage on resource'),
    });
    expect((await receive('me')).Messages).toHaveLength(1);
    expect((await receive('you')).Messages ?? []).toHaveLength(0);
  });
});
