import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect } from 'vitest';
import { readSettings } from '../../infra/settings.ts';
import { SwitchroomStack } from '../../infra/stack.ts';

const fixtures = resolve(import.meta.dirname, 'fixtures');

const certificate = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:sip-tls-AbCdEf';

export const sipmediagw = {
  launchType: 'ec2',
  gatewayArchitecture: 'x86_64',
  gatewayImage: 'renater/sipmediagw:1.8.4',
  gatewayMachineImage: 'ami-0123456789abcdef0',
  gatewayEnvironment: resolve(fixtures, 'gateway.env'),
};

/** Deployments that differ in what they are made of. */
export const deployments: Record<string, Record<string, unknown>> = {
  defaults: {},
  sipmediagw: { ...sipmediagw, gatewayWarmInstances: 3 },
  audioOnly: {
    ...sipmediagw,
    launchType: 'fargate',
    gatewayAudioOnly: 'true',
    mediaAddress: 'turn',
    gatewayCpuUnits: 2048,
    gatewayMemoryMiB: 4096,
    gatewaySecrets: 'AUTH_TOKEN=arn:aws:secretsmanager:eu-west-3:123456789012:secret:jitsi-AbCdEf:jwt',
  },
  named: {
    domain: 'sip.example.org',
    hostedZoneId: 'Z123',
    tlsCertificateSecretArn: certificate,
    endpointsSecretArn: 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:sip-rooms-AbCdEf',
    domains: 'rooms.example.org',
    zones: 3,
    allowedAddresses: '192.0.2.0/24',
    oidcIssuer: 'https://login.example.org/tenant',
    oidcAudience: 'switchroom',
    apiCorsOrigins: 'https://console.example.org',
  },
  exporting: { recordExportDays: 400, webhookUrl: 'https://facts.example.org/switchroom?from=us' },
  fleeting: { keepData: 'false', poolMinFree: 0, zones: 1, recordExportDays: 1 },
};

/** The stack, made of stand-in bundles so that nothing needs to be built first. */
export function stackOf(settings: Record<string, unknown> = {}): SwitchroomStack {
  return new SwitchroomStack(new App(), 'Switchroom', {
    settings: readSettings(settings),
    bundles: resolve(fixtures, 'bundles'),
    edgeImage: resolve(fixtures, 'gateway'),
    gatewayImage: resolve(fixtures, 'gateway'),
  });
}

const synthesized = new Map<string, object>();

/** The template as it would deploy: a copy of the test's own, of what is synthesized once. */
export function synthesize(settings: Record<string, unknown> = {}): Template {
  const key = JSON.stringify(settings);
  const template = synthesized.get(key) ?? Template.fromStack(stackOf(settings)).toJSON();
  synthesized.set(key, template);
  return counted(Template.fromJSON(structuredClone(template)));
}

/** Lets what CDK asserts of a template count among the assertions of Vitest, which sees to it that no test has none. */
function counted(template: Template): Template {
  const { hasResource, hasResourceProperties, resourceCountIs } = template;
  template.hasResource = (...asked) => expect(() => hasResource.apply(template, asked)).not.toThrow();
  template.hasResourceProperties = (...asked) =>
    expect(() => hasResourceProperties.apply(template, asked)).not.toThrow();
  template.resourceCountIs = (...asked) => expect(() => resourceCountIs.apply(template, asked)).not.toThrow();
  return template;
}
