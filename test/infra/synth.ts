import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readSettings } from '../../infra/settings.ts';
import { SwitchroomStack } from '../../infra/stack.ts';

const fixtures = resolve(import.meta.dirname, 'fixtures');

/** The template as it would deploy, made of stand-in bundles so that nothing needs to be built first. */
export function synthesize(settings: Record<string, unknown> = {}): Template {
  const stack = new SwitchroomStack(new App(), 'Switchroom', {
    settings: readSettings(settings),
    bundles: resolve(fixtures, 'bundles'),
    edgeImage: resolve(fixtures, 'gateway'),
    gatewayImage: resolve(fixtures, 'gateway'),
  });
  return Template.fromStack(stack);
}
