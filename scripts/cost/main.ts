import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readSettings, SettingsError } from '../../infra/settings.ts';
import { SwitchroomStack } from '../../infra/stack.ts';
import { asMarkdown, type Template as Costed, estimate } from './estimate.ts';

/* `npm run cost -- -c setting=value …`: what a deployment with these settings costs. */

const root = resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { context: { type: 'string', short: 'c', multiple: true } } });
const context = Object.fromEntries(
  (values.context ?? []).map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  }),
);

try {
  const stack = new SwitchroomStack(new App(), 'Switchroom', {
    settings: readSettings(context),
    bundles: resolve(root, 'dist/lambdas'),
    edgeImage: resolve(root, 'dist/sip-edge'),
    gatewayImage: resolve(root, 'gateway'),
  });
  console.log(asMarkdown(estimate(Template.fromStack(stack).toJSON() as Costed)));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
