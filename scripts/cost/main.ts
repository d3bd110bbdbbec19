import { resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readOptions, wrong } from '../../command-line/read-options.ts';
import { runCommand } from '../../command-line/run-command.ts';
import { readSettings, type Settings, SettingsError } from '../../infra/settings.ts';
import { SwitchroomStack } from '../../infra/stack.ts';
import { build } from '../build.ts';
import { asMarkdown, estimate } from './estimate.ts';
import type { Template as Costed } from './template.ts';

/* `npm run cost -- -c setting=value …`: what a deployment with these settings costs. */

const root = resolve(import.meta.dirname, '../..');
const command = 'npm run cost';
const help = `npm run cost -- [options]     Says what a deployment costs, by prices of us-east-1.

  -c NAME=VALUE    a setting of the deployment (docs/settings.md); may be repeated
  --help           this text
`;
const flags = {
  context: { type: 'string', short: 'c', multiple: true, default: [] as string[] },
  help: { type: 'boolean', default: false },
} as const;

function contextOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) wrong(command, `-c takes NAME=VALUE, not "${pair}"`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function settingsOf(context: Record<string, string>): Settings {
  try {
    return readSettings(context);
  } catch (error) {
    if (error instanceof SettingsError) return wrong(command, error.message);
    throw error;
  }
}

await runCommand('cost', async () => {
  const { values } = readOptions({ command, flags, words: false }, process.argv.slice(2));
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const settings = settingsOf(contextOf(values.context));
  // Not before the settings are known to be right: bundling takes seconds.
  await build();
  const stack = new SwitchroomStack(new App(), 'Switchroom', {
    settings,
    bundles: resolve(root, 'dist/lambdas'),
    edgeImage: resolve(root, 'dist/sip-edge'),
    gatewayImage: resolve(root, 'gateway'),
  });
  console.log(asMarkdown(estimate(Template.fromStack(stack).toJSON() as Costed)));
});
