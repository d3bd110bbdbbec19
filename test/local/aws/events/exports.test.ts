import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../../../local/aws/template.ts';
import { Receiver } from '../../../support/receiver.ts';
import { until } from '../../../support/until.ts';
import { maySend, startTestCloud, type TestCloud } from '../test-cloud.ts';

/* Rules that give events to Firehose, and to an address of others. */

let receiver: Receiver;
let cloud: TestCloud;

beforeEach(async () => {
  receiver = await Receiver.open();
  cloud = await startTestCloud(resources(receiver.url), { retryDelaysMs: [1, 1] });
});

afterEach(async () => {
  await cloud.close();
  receiver.close();
});

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

const roleWith = (Action: string[], Resource: Json[]) => ({
  Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'all' } },
  Policy: {
    Type: 'AWS::IAM::Policy',
    Properties: {
      Roles: [{ Ref: 'Role' }],
      PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource }] },
    },
  },
});

const resources = (url: string) => ({
  ...roleWith(
    ['firehose:PutRecord', 'firehose:PutRecordBatch', 's3:PutObject', 'events:InvokeApiDestination'],
    [arnOf('Stream'), arnOf('Destination'), { 'Fn::Join': ['', [arnOf('Bucket'), '/*']] }],
  ),
  Bucket: { Type: 'AWS::S3::Bucket' },
  Stream: {
    Type: 'AWS::KinesisFirehose::DeliveryStream',
    Properties: {
      DeliveryStreamName: 'records',
      ExtendedS3DestinationConfiguration: {
        BucketARN: arnOf('Bucket'),
        RoleARN: arnOf('Role'),
        ProcessingConfiguration: { Processors: [{ Type: 'AppendDelimiterToRecord' }] },
      },
    },
  },
  Secret: {
    Type: 'AWS::SecretsManager::Secret',
    Properties: { Name: 'shown', SecretString: 'known to both' },
  },
  Connection: {
    Type: 'AWS::Events::Connection',
    Properties: {
      AuthParameters: {
        ApiKeyAuthParameters: {
          ApiKeyName: 'x-key',
          ApiKeyValue: {
            'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'Secret' }, ':SecretString:::}}']],
          },
        },
      },
    },
  },
  Destination: {
    Type: 'AWS::Events::ApiDestination',
    Properties: { ConnectionArn: arnOf('Connection'), InvocationEndpoint: url, HttpMethod: 'POST' },
  },
  Letters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'letters' } },
  MaySend: maySend('Letters', 'Rule'),
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { 'detail-type': ['told'] },
      Targets: ['Stream', 'Destination'].map((id) => ({
        Id: id,
        Arn: arnOf(id),
        RoleArn: arnOf('Role'),
        InputPath: '$.detail',
        DeadLetterConfig: { Arn: arnOf('Letters') },
      })),
    },
  },
});

const tell = (detail: object) =>
  cloud.buses.putEvents([{ Source: 'test', DetailType: 'told', Detail: JSON.stringify(detail) }], 100);

describe('an event', () => {
  it('is a line of a file, and a request with the header of its connection', async () => {
    tell({ n: 1 });
    tell({ n: 2 });
    await until('both are sent', () => receiver.received.length === 2);
    expect(receiver.received.map(({ body }) => body)).toEqual(expect.arrayContaining([{ n: 1 }, { n: 2 }]));
    expect(receiver.received[0]?.headers).toMatchObject({ 'x-key': 'known to both' });
    const file = join(cloud.dir, 'streams', 'records.ndjson');
    expect(readFileSync(file, 'utf8')).toBe('{"n":1}\n{"n":2}\n');
  });

  it('is sent again where that may help, and kept where it does not', async () => {
    const letters: string[] = [];
    cloud.queues.observeLetters((_queue, body) => letters.push(body));
    receiver.answers = [503, 500];
    tell({ n: 1 });
    await until('it is sent a third time', () => receiver.received.length === 3);
    receiver.answers = [400];
    tell({ n: 2 });
    await until('it is kept', () => letters.length > 0);
    expect(receiver.received).toHaveLength(4);
    expect(letters).toEqual(['{"n":2}']);
  });

  it('goes nowhere where the role of the rule, or of the stream, may not', async () => {
    const denials: string[] = [];
    cloud.permissions.observe((denial) => denials.push(denial));
    cloud.permissions.provision([]);
    tell({ n: 1 });
    expect(denials.join()).toMatch(/firehose:PutRecord .*events:InvokeApiDestination /s);
    expect(existsSync(join(cloud.dir, 'streams'))).toBe(false);
    expect(receiver.received).toEqual([]);
  });
});
