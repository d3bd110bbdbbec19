import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from '../../infra/settings.ts';
import { sipmediagw } from './synth.ts';

const certificateArn = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:sip-tls-AbCdEf';
const keyArn = 'arn:aws:kms:eu-west-3:123456789012:key/01234567-89ab-cdef-0123-456789abcdef';
const manyCidrs = (count: number) =>
  Array.from({ length: count }, (_one, index) => `192.0.2.${index}/32`).join(',');

describe('the settings of a deployment', () => {
  it('deploy from nothing', () => {
    expect(readSettings({})).toMatchObject({ gatewayName: 'mediagw', minExpiresSec: 60, afterCall: 'stop' });
  });

  it('take numbers as the command line gives them', () => {
    expect(readSettings({ lockLeaseSec: '90' }).lockLeaseSec).toBe(90);
  });

  it('leave the context of CDK alone', () => {
    expect(() => readSettings({ '@aws-cdk/core:x': true, 'aws:cdk:bundling-stacks': [] })).not.toThrow();
  });

  it.each([
    ['an unknown name', { domian: 'example.org' }, /unknown setting domian: is domain meant/],
    ['a wrong word', { afterCall: 'maybe' }, /afterCall/],
    ['a number out of range', { lockLeaseSec: 1 }, /lockLeaseSec/],
    ['text for a number', { minExpiresSec: 'soon' }, /minExpiresSec/],
    [
      'a retention that CloudWatch does not know',
      { logRetentionDays: 4 },
      /logRetentionDays: must be one of/,
    ],
    ['a gateway name with a dot', { gatewayName: 'media.gw' }, /gatewayName/],
    ['a domain with a blank', { domain: 'a b' }, /domain/],
    ['addresses that are no CIDR', { allowedAddresses: '10.0.0.1, x' }, /allowedAddresses/],
    ['EC2 without an image', { launchType: 'ec2', gatewayArchitecture: 'x86_64' }, /gatewayImage/],
    ['EC2 without a machine image', { ...sipmediagw, gatewayMachineImage: '' }, /npm run machine-image/],
    ['EC2 on Arm', { launchType: 'ec2', gatewayImage: 'a/b' }, /gatewayArchitecture/],
    [
      'EC2 without conferences',
      { launchType: 'ec2', gatewayImage: 'a/b' },
      /gatewayEnvironment: launchType ec2/,
    ],
    [
      'rooms that SIPMediaGW cannot enter',
      { ...sipmediagw, gatewayText: 'as-sent' },
      /gatewayText: SIPMediaGW/,
    ],
    ['a SIPMediaGW that serves again', { ...sipmediagw, afterCall: 'reuse' }, /afterCall: SIPMediaGW ends/],
    ['variables of SIPMediaGW for the sample', { gatewayEnvironment: 'x.env' }, /gatewayEnvironment: is for/],
    ['a secret by half an ARN', { ...sipmediagw, gatewaySecrets: 'AUTH_TOKEN=arn:aws:x' }, /gatewaySecrets/],
    [
      'a hosted zone of another domain',
      { hostedZoneId: 'Z1', hostedZoneName: 'example.com' },
      /hostedZoneName: sip.switchroom.test is not in/,
    ],
    ['a certificate by half an ARN', { tlsCertificateSecretArn: 'arn:aws:x' }, /tlsCertificateSecretArn/],
    ['an alarm address that is none', { alarmAddress: 'me' }, /alarmAddress: must be an e-mail address/],
    ['facts kept for no time', { archiveDays: 0 }, /archiveDays/],
    ['a negative reservation', { reservedConcurrency: -1 }, /reservedConcurrency/],
    ['a time zone that does not exist', { poolTimeZone: 'Mars/Base' }, /poolTimeZone: must be an IANA/],
    ['a network too small for its subnets', { vpcCidr: '10.0.0.0/26' }, /vpcCidr: must have a prefix of/],
    [
      'a key without the secret that it encrypts',
      { tlsCertificateKeyArn: keyArn },
      /tlsCertificateKeyArn: needs/,
    ],
    ['more addresses than a security group takes', { allowedAddresses: manyCidrs(31) }, /at most 30 of IPv4/],
    [
      'more addresses than it takes with TLS',
      { allowedAddresses: manyCidrs(21), tlsCertificateSecretArn: certificateArn },
      /at most 20 of IPv4/,
    ],
    ['neither yes nor no', { keepData: 'maybe' }, /keepData: must be true or false/],
  ])('refuse %s by name', (_what, context, message) => {
    expect(() => readSettings(context)).toThrow(SettingsError);
    expect(() => readSettings(context)).toThrow(message);
  });
});
