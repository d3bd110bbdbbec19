import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../local/aws/template.ts';
import { writeRunFile } from '../../local/run/files/run-file.ts';
import {
  functionResource,
  mayInvoke,
  maySend,
  startTestCloud,
  type TestCloud,
} from '../local/aws/test-cloud.ts';
import { runCommand } from '../support/process/run-command.ts';
import { until } from '../support/until.ts';

const rule = (detailType: string, target: JsonObject | string) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventBusName: 'facts',
    EventPattern: { 'detail-type': [detailType] },
    Targets: [
      { Id: 'Target0', Arn: target, DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['Letters', 'Arn'] } } },
    ],
  },
});

const resources = {
  Facts: { Type: 'AWS::Events::EventBus', Properties: { Name: 'facts' } },
  Letters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'Test-dead-letters' } },
  Calls: functionResource('probe'),
  Ended: rule('call.ended', { 'Fn::GetAtt': ['Calls', 'Arn'] }),
  MayInvoke: mayInvoke({ Ref: 'Calls' }, 'Ended'),
  Undeliverable: rule('call.failed', 'arn:aws:lambda:us-east-1:000000000000:function:gone'),
  MayInvokeGone: mayInvoke('gone', 'Undeliverable'),
  MaySend: maySend('Letters', 'Undeliverable'),
  OnFailure: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      FunctionName: { Ref: 'Calls' },
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Letters', 'Arn'] } } },
    },
  },
};

let dir: string;
let cloud: TestCloud;
let runFile: string;
let missing: string;
let letters: number;

async function start(): Promise<void> {
  letters = 0;
  cloud = await startTestCloud(resources, { dir, keep: true });
  cloud.queues.observe(() => {
    letters += 1;
  });
  writeRunFile(runFile, {
    pid: process.pid,
    sip: { host: '127.0.0.1', port: 5060 },
    domain: 'x',
    awsEndpoint: cloud.endpoint,
    dynamoDbEndpoint: cloud.dynamoDbEndpoint,
    region: 'us-east-1',
    outputs: { DeadLetterQueue: 'Test-dead-letters' },
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
  const { code, stdout, stderr } = await runCommand('cli/replay.ts', [
    '--run-file',
    runFile,
    '--json',
    ...args,
  ]);
  if (stdout === '') throw new Error(stderr);
  return { code, report: JSON.parse(stdout) };
}

describe('npm run replay', () => {
  it('gives each letter back to its function, and deletes it', async () => {
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
      why: expect.stringContaining('ENOENT'),
    });
    expect(await replay()).toEqual({ code: 0, report: [] });
    expect(letters).toBe(12);
  });

  it('gives back what EventBridge could not deliver, as it would have', async () => {
    const event = {
      'detail-type': 'call.ended',
      detail: { do: 'print', text: 'here again', callId: 'call-1' },
    };
    cloud.queues.send('arn:aws:sqs:us-east-1:000000000000:Test-dead-letters', event, {
      RULE_ARN: 'arn:aws:events:us-east-1:000000000000:rule/facts/Ended',
      TARGET_ARN: 'arn:aws:lambda:us-east-1:000000000000:function:Test-Calls',
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
    const { stdout } = await runCommand('cli/replay.ts', ['--run-file', runFile, '--show']);
    expect(stdout).toMatch(/call\.ended +call-1 +Test-Calls +in the queue +Error: ENOENT/);
  });

  it('ends where the cause is not mended: the letter comes back and stays', async () => {
    await failOn('call-1');
    const before = letters;
    await replay();
    await until('it failed again', () => letters > before);
    mend();
    expect(await replay()).toMatchObject({ report: [{ fate: 'given-back', callId: 'call-1' }] });
  });

  it('keeps what nobody takes, and says why', async () => {
    await tell('call.failed', { callId: 'call-2' });
    await until('the letter is in the queue', () => letters === 1);
    cloud.queues.send('arn:aws:sqs:us-east-1:000000000000:Test-dead-letters', { hello: 'world' });
    const { code, report } = await replay();
    expect(code).toBe(1);
    expect(report).toMatchObject([
      {
        fate: 'kept',
        callId: 'call-2',
        why: expect.stringMatching(/^ResourceNotFound/),
        because: expect.stringMatching(/Function not found/),
      },
      { fate: 'kept', because: expect.stringMatching(/no dead letter/) },
    ]);
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
    const { code, stderr } = await runCommand('cli/replay.ts', args);
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
        credentials: { accessKeyId, secretAccessKey: 'x' },
      });
      const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/Test-dead-letters';
      return sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    };
    await expect(receive('ROLE-nobody')).rejects.toMatchObject({
      message: expect.stringContaining('not authorized to perform: sqs:ReceiveMessage on resource'),
    });
    expect((await receive('me')).Messages).toHaveLength(1);
    expect((await receive('you')).Messages ?? []).toHaveLength(0);
  });
});
