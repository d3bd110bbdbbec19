import { resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readSettings, SettingsError } from './settings.ts';
import { SwitchroomStack } from './stack.ts';

const root = resolve(import.meta.dirname, '..');

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
try {
  // No account or region: the template is the same everywhere, and `cdk synth` needs neither.
  new SwitchroomStack(app, 'Switchroom', {
    settings: readSettings(app.node.getAllContext()),
    bundles: resolve(root, 'dist/lambdas'),
    edgeImage: resolve(root, 'dist/sip-edge'),
    gatewayImage: resolve(root, 'gateway'),
  });
  app.synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
