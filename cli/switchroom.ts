#!/usr/bin/env node
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from '../command-line/run-command.ts';
import { ApiClient } from './switchroom/client.ts';
import type { Stream } from './switchroom/commands.ts';
import { completion } from './switchroom/completion.ts';
import { commands, help } from './switchroom/help.ts';
import { optionNames, readSwitchroomOptions, wrong } from './switchroom/options.ts';

/* `switchroom`: for those who run it, of a run on this machine or of a deployed stack. */

const replayName = 'replay';
const names = Object.keys(commands);

await runCommand('switchroom', async () => {
  const args = process.argv.slice(2);
  if (args[0] === replayName) {
    // The one command that needs SQS's client, which would cost each of the others a tenth of a second.
    const { runReplay } = await import('./replay/command.ts');
    return runReplay(args.slice(1));
  }
  const options = readSwitchroomOptions(args, process.env, process.stdout.isTTY === true, Date.now());
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const [name = '', ...words] = options.words;
  if (name === 'completion') {
    process.stdout.write(completion([...names, replayName, name], optionNames));
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    wrong(
      `${name === '' ? 'say what to show' : `unknown command ${name}`}: ${[...names, replayName].join(', ')}`,
    );
  }
  const deaf = options.given.find((one) => !command.options?.includes(one));
  if (deaf !== undefined) wrong(`${name} takes no --${deaf}`);
  const client = await ApiClient.open(options.where);
  const said = await command.run(client, words, options);
  if (Symbol.asyncIterator in said) return writeOut(said);
  const { json, text, exitCode = 0 } = said;
  process.stdout.write(`${options.json ? JSON.stringify(json, null, 2) : text}\n`);
  return exitCode;
});

/** Whoever reads may stop: `| head` has enough after ten lines. */
async function writeOut(text: Stream): Promise<number> {
  try {
    await pipeline(Readable.from(text), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
  return 0;
}
