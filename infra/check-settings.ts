import { readSettings, SettingsError } from './settings.ts';

/* Says what is wrong with the settings before the bundles are built, which takes seconds. CDK gives them to its app so. */

try {
  readSettings(JSON.parse(process.env.CDK_CONTEXT_JSON ?? '{}'));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
