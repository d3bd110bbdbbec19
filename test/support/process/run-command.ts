import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

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
