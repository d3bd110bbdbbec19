import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../local/aws/template.ts';
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
  cloud = await startTestCloud(resources);
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
