import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../local/aws/template.ts';
import { eventually } from '../../../support/eventually.ts';
import { until } from '../../../support/until.ts';
import { functionResource, mayInvoke, startTestCloud, type TestCloud } from '../test-cloud.ts';

const rule = (bus: string, pattern: JsonObject, target: string) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventBusName: bus,
    EventPattern: pattern,
    Targets: [
      {
        Id: 'Target0',
        Arn: { 'Fn::GetAtt': [target, 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['Letters', 'Arn'] } },
      },
    ],
  },
});

const resources = {
  Facts: { Type: 'AWS::Events::EventBus', Properties: { Name: 'facts' } },
  Letters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'letters' } },
  Calls: functionResource('probe'),
  Ended: rule('facts', { source: ['switchroom.edge'], 'detail-type': ['call.ended'] }, 'Calls'),
  MayInvoke: mayInvoke({ 'Fn::GetAtt': ['Calls', 'Arn'] }, 'Ended'),
  OnFailure: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      FunctionName: { Ref: 'Calls' },
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Letters', 'Arn'] } } },
    },
  },
  Secret: {
    Type: 'AWS::SecretsManager::Secret',
    Properties: {
      GenerateSecretString: {
        SecretStringTemplate: '{"user":"gateways"}',
        GenerateStringKey: 'current',
        PasswordLength: 24,
        ExcludePunctuation: true,
      },
    },
  },
};

let cloud: TestCloud;
let bus: EventBridgeClient;

beforeAll(async () => {
  cloud = await startTestCloud(resources, { retryDelaysMs: [10, 10] });
  bus = new EventBridgeClient({ ...cloud.client, maxAttempts: 1 });
});

afterAll(async () => {
  bus.destroy();
  await cloud.close();
});

const put = (...details: [type: string, detail: string, busName?: string][]) =>
  bus.send(
    new PutEventsCommand({
      Entries: details.map(([DetailType, Detail, EventBusName = 'facts']) => ({
        Source: 'switchroom.edge',
        DetailType,
        Detail,
        EventBusName,
      })),
    }),
  );

describe('an event put on the bus', () => {
  it('reaches the function whose rule matches it, and no other', async () => {
    const print = (text: string) => JSON.stringify({ do: 'print', text });
    await put(
      ['call.offered', print('of another type')],
      ['call.ended', print('on another bus'), 'default'],
      ['call.ended', print('as the rule says')],
    );
    const log = join(cloud.dir, 'logs', 'Test-Calls.log');
    await until(
      'the function has been given it',
      () => existsSync(log) && readFileSync(log, 'utf8').includes('as the rule says'),
    );
    expect(readFileSync(log, 'utf8')).not.toContain('another');
  });

  it('that is malformed fails alone', async () => {
    const { FailedEntryCount, Entries } = await put(
      ['call.ended', '{"a":'],
      ['call.offered', '{}'],
      ['x', '{}', 'nobody'],
    );
    expect(FailedEntryCount).toBe(2);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      'MalformedDetail',
      undefined,
      'ResourceNotFoundException',
    ]);
  });

  it('is refused with more than ten', async () => {
    const eleven = Array.from({ length: 11 }, () => ['call.ended', '{}'] as [string, string]);
    await expect(put(...eleven)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('that its function fails on is kept in the dead-letter queue, readable in a file', async () => {
    await put(['call.ended', JSON.stringify({ do: 'throw' })]);
    const file = join(cloud.dir, 'queues', 'letters.jsonl');
    const letter = await until('the letter is there', () => {
      try {
        return JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '');
      } catch {
        return undefined;
      }
    });
    expect(letter.body).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: { 'detail-type': 'call.ended', detail: { do: 'throw' } },
      responsePayload: { errorMessage: 'as asked' },
    });
  });
});

describe('events accepted before the end of a run', () => {
  it('are handled by the next, where state is kept', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'switchroom-keep-'));
    const options = { dir, keep: true };
    // Never ends by itself: the stop comes between acceptance and completion.
    const first = await startTestCloud(resources, { ...options, retryDelaysMs: [600_000] });
    const firstBus = new EventBridgeClient(first.client);
    const Entries = [
      {
        Source: 'switchroom.edge',
        DetailType: 'call.ended',
        EventBusName: 'facts',
        Detail: '{"do":"throw"}',
      },
    ];
    await firstBus.send(new PutEventsCommand({ Entries }));
    firstBus.destroy();
    await first.close();

    const second = await startTestCloud(resources, { ...options, retryDelaysMs: [10] });
    const letters: JsonObject[] = [];
    second.queues.observe((_queue, message) => letters.push(message));
    await eventually(() => expect(letters).toHaveLength(1));
    await second.close();
    rmSync(dir, { recursive: true, force: true });
  });
});

describe('a secret', () => {
  it('is generated as declared, and can be rotated', async () => {
    const secrets = new SecretsManagerClient(cloud.client);
    const SecretId = 'Test-Secret';
    const { SecretString, ARN } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    const value = JSON.parse(SecretString ?? '');
    expect(value).toEqual({ user: 'gateways', current: expect.stringMatching(/^[A-Za-z0-9]{24}$/) });
    await secrets.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: '{"current":"new"}' }));
    const after = await secrets.send(new GetSecretValueCommand({ SecretId: ARN }));
    expect(after.SecretString).toBe('{"current":"new"}');
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'nobody' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    secrets.destroy();
  });
});
