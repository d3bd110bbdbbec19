import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Unwritable } from '../../aws/unwritable.ts';
import { LogFile } from './log-file.ts';

export interface ChildOptions {
  /** What people call it. */
  name: string;
  file: string;
  args: readonly string[];
  environment: Record<string, string>;
  /** Directory it runs in, and under which its log stands as `logs/{log}`. */
  dir: string;
  log: string;
  /** Told of each line of its standard output, which goes to the log in any case. */
  onLine?: (line: string) => void;
  onGroup: (groupId: number, running: boolean) => void;
  onUnwritable: Unwritable;
}

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const tailLines = 8;

/** A process of the run, leader of its own group, that prints into a log file. */
export class RunChild {
  readonly name: string;
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  readonly #logFile: string;

  constructor(options: ChildOptions) {
    const { name, file, args, environment, dir, log: logName, onLine, onGroup, onUnwritable } = options;
    this.name = name;
    this.#logFile = join(dir, 'logs', logName);
    const log = new LogFile(this.#logFile, onUnwritable);
    const child = spawn(file, args, {
      env: environment,
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
    if (onLine && child.stdout) createInterface({ input: child.stdout }).on('line', onLine);
    const { pid } = child;
    if (pid !== undefined) onGroup(pid, true);
    this.exited = this.#untilExit(log, () => pid !== undefined && onGroup(pid, false));
  }

  /** The last lines of its log, for whoever must know why it died. */
  tail(): string[] {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-tailLines);
  }

  /** SIGTERM, and SIGKILL to its whole group when it is still there after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const timer = setTimeout(() => this.#killGroup(), graceMs);
      this.#child.kill('SIGTERM');
      await this.exited;
      clearTimeout(timer);
    }
    this.#killGroup();
  }

  async #untilExit(log: LogFile, ended: () => void): Promise<ChildExit> {
    const exit = await new Promise<ChildExit>((resolve) => {
      this.#child.once('error', (error) => {
        log.write(`${error.message}\n`);
        resolve({ code: 127, signal: null });
      });
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
    log.close();
    ended();
    return exit;
  }

  #killGroup(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
