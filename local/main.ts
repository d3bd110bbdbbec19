import { CommandError } from '../command-line/command-error.ts';
import { jsonConsole, plainConsole } from './run/console.ts';
import { help, type RunOptions, readOptions } from './run/options.ts';
import { Switchroom } from './run/switchroom.ts';

/* `npm start`: all of Switchroom on this machine, as one tree of processes. */

/** npm passes a Ctrl-C on that the terminal has sent already: only a later one is a second one. */
const secondSignalAfterMs = 700;

function fail(error: CommandError): never {
  console.error(`switchroom: ${error.message}`);
  process.exit(error.exitCode);
}

function options(): RunOptions | 'help' {
  try {
    return readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    if (error instanceof CommandError) fail(error);
    throw error;
  }
}

async function main(): Promise<void> {
  // Whatever this run and its processes write is for the owner alone.
  process.umask(0o077);
  const given = options();
  if (given === 'help') {
    process.stdout.write(help);
    return;
  }
  const write = (text: string) => process.stdout.write(text);
  const console = given.json ? jsonConsole(write) : plainConsole(write, process.stdout.isTTY === true);
  const switchroom = new Switchroom(given, console);

  let askedAt: number | undefined;
  const onSignal = () => {
    const now = Date.now();
    if (askedAt !== undefined) {
      if (now - askedAt > secondSignalAfterMs) switchroom.kill();
      return;
    }
    askedAt = now;
    console.say('Stopping: gateways first (once more Ctrl-C to kill)');
    void switchroom.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // Whoever read this has left: so does the run.
  process.stdout.on('error', onSignal);

  try {
    await switchroom.start();
  } catch (error) {
    if (askedAt !== undefined) return;
    await switchroom.stop();
    if (error instanceof CommandError) fail(error);
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      fail(
        new CommandError(
          `${(error as Error).message}: make room on that disk, or choose another with --data`,
        ),
      );
    throw error;
  }
}

await main();
