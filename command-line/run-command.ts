import { CommandError } from './command-error.ts';

/**
 * Runs a command: what is wrong with its command line or the machine becomes one line on standard error and the exit
 * code. Any other error is a defect, and shows as one.
 * @param name stands before the line
 * @param main may return the exit code; else it is 0
 */
export async function runCommand(name: string, main: () => Promise<unknown> | unknown): Promise<void> {
  try {
    const exitCode = await main();
    process.exitCode = typeof exitCode === 'number' ? exitCode : 0;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}
