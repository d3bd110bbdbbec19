#!/usr/bin/env node
import { runCommand } from '../command-line/run-command.ts';
import { ApiClient } from './switchroom/client.ts';
import { commands, help } from './switchroom/help.ts';
import { readSwitchroomOptions, wrong } from './switchroom/options.ts';

/* `switchroom`: for those who run it, of a run on this machine or of a deployed stack. */

await runCommand('switchroom', async () => {
  const options = readSwitchroomOptions(
    process.argv.slice(2),
    process.env,
    process.stdout.isTTY === true,
    Date.now(),
  );
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const [name = '', ...words] = options.words;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    wrong(
      `${name === '' ? 'say what to show' : `unknown command ${name}`}: ${Object.keys(commands).join(', ')}`,
    );
  }
  const client = await ApiClient.open(options.where);
  const { json, text, exitCode = 0 } = await command.run(client, words, options);
  process.stdout.write(`${options.json ? JSON.stringify(json, null, 2) : text}\n`);
  return exitCode;
});
