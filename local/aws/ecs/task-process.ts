import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface Command {
  file: string;
  args: readonly string[];
}

export interface TaskProcessOptions {
  command: Command;
  environment: Record<string, string>;
  /** Directory it runs in. */
  cwd: string;
  logFile: string;
  /** Told of the process group, so that it can be ended where this process is killed. */
  onGroup?: ((groupId: number, running: boolean) => void) | undefined;
}

export interface TaskExit {
  /** As Docker gives it: 128 + signal where a signal ended it; undefined where it never started. */
  exitCode: number | undefined;
  reason?: string;
}

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** The process of a task, leader of a group of its own: what it starts ends with it. */
export class TaskProcess {
  readonly exited: Promise<TaskExit>;
  readonly #child: ChildProcess;
  #killTimer: NodeJS.Timeout | undefined;

  constructor({ command, environment, cwd, logFile, onGroup }: TaskProcessOptions) {
    const log = openSync(logFile, 'a');
    this.#child = spawn(command.file, command.args, {
      env: environment,
      cwd,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const groupId = this.#child.pid;
    if (groupId !== undefined) onGroup?.(groupId, true);
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve({ exitCode: undefined, reason: error.message }));
      this.#child.once('exit', (code, signal) => {
        clearTimeout(this.#killTimer);
        this.#signalGroup('SIGKILL');
        if (groupId !== undefined) onGroup?.(groupId, false);
        resolve({ exitCode: code ?? 128 + (signalNumbers[signal ?? 'SIGKILL'] ?? 0) });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** SIGTERM to the process, as to a container's first; SIGKILL to all of its group when the time is over. */
  stop(timeoutSec: number): void {
    this.#child.kill('SIGTERM');
    this.#killTimer ??= setTimeout(() => this.kill(), timeoutSec * 1000);
  }

  kill(): void {
    if (!this.#signalGroup('SIGKILL')) this.#child.kill('SIGKILL');
  }

  #signalGroup(signal: NodeJS.Signals): boolean {
    if (this.#child.pid === undefined) return false;
    try {
      return process.kill(-this.#child.pid, signal);
    } catch (error) {
      // Nobody is left in the group.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw error;
    }
  }
}
