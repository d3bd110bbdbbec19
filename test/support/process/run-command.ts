import { execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

const root = resolve(import.meta.dirname, '../../..');

/** Runs one of the project's commands to its end, as npm would. */
export function runCommand(
  script: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<CommandResult> {
  return new Promise((done) => {
    const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment };
    execFile(process.execPath, [script, ...args], { cwd: root, env }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

/** Runs a command that goes on. @returns its lines as they come, and how to interrupt it */
export function watchCommand(script: string, args: readonly string[]) {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
  const child = spawn(process.execPath, [script, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const stop = async () => {
    const gone = new Promise((exited) => child.once('exit', exited));
    child.kill('SIGINT');
    await gone;
  };
  return { lines, stop };
}
