import { describe, expect, it } from 'vitest';
import { readSettings } from '../../infra/settings.ts';
import { synthesize } from './synth.ts';

/* What others are given of what happens: nothing unless it is set. */

const exporting = {
  recordExportDays: 400,
  webhookUrl: 'https://facts.example.org/in',
  webhookHeader: 'x-key',
};
const types = (settings: Record<string, unknown>) =>
  new Set(
    Object.values(synthesize(settings).toJSON().Resources).map((one) => (one as { Type: string }).Type),
  );

it('is not in the template unless it is set', () => {
  const given = [...types({})];
  for (const type of ['AWS::S3::Bucket', 'AWS::KinesisFirehose::DeliveryStream', 'AWS::Events::Connection'])
    expect(given).not.toContain(type);
});

describe('the records of calls', () => {
  const template = synthesize(exporting);

  it('go by a rule of their own, without their envelope, to Firehose, and what it does not take is kept', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['switchroom.calls'], 'detail-type': ['call.record'] },
      Targets: [
        { InputPath: '$.detail', DeadLetterConfig: {}, RetryPolicy: { MaximumEventAgeInSeconds: 86_400 } },
      ],
    });
  });

  it('are lines of JSON in files by the day, in a bucket that nobody else reaches, for so many days', () => {
    template.hasResourceProperties('AWS::KinesisFirehose::DeliveryStream', {
      ExtendedS3DestinationConfiguration: {
        Prefix: 'records/!{timestamp:yyyy/MM/dd}/',
        FileExtension: '.ndjson.gz',
        ProcessingConfiguration: { Processors: [{ Type: 'AppendDelimiterToRecord' }] },
      },
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 400 }] },
    });
  });
});

describe('the receiver of facts', () => {
  it('is sent the record of each call, with a header that CloudFormation takes from a secret', () => {
    const template = synthesize(exporting);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'detail-type': ['call.record'] },
      Targets: [{ InputPath: '$.detail', DeadLetterConfig: {}, RetryPolicy: { MaximumRetryAttempts: 185 } }],
    });
    template.hasResourceProperties('AWS::Events::Connection', {
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key' } },
    });
    template.hasOutput('WebhookSecretName', {});
  });

  it('is shown the secret of the setting, and sent the facts of the setting', () => {
    const webhookSecretArn = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:receiver-AbCdEf';
    const template = synthesize({
      ...exporting,
      webhookSecretArn,
      webhookFacts: 'call.record,operator.acted',
    });
    expect(JSON.stringify(template.findResources('AWS::Events::Connection'))).toContain(
      `{{resolve:secretsmanager:${webhookSecretArn}:SecretString:::}}`,
    );
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'detail-type': ['call.record', 'operator.acted'] },
    });
  });

  it.each([
    [{ webhookUrl: 'http://facts.example.org' }, /webhookUrl: must be an HTTPS address/],
    [{ webhookUrl: 'https://user:password@facts.example.org' }, /webhookUrl: must be an HTTPS address/],
    [{ webhookUrl: 'https://facts.example.org', webhookFacts: 'call.recorded' }, /webhookFacts/],
    [
      { webhookSecretArn: 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:x-AbCdEf' },
      /webhookSecretArn: needs webhookUrl/,
    ],
  ])('is refused by %o', (settings, says) => {
    expect(() => readSettings(settings)).toThrow(says);
  });
});
