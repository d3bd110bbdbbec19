import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { patienceMs } from '../patience.ts';

/** A program under test and all it has said, on either output. */
export class Child {
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly child: ChildProcess;
  output = '';

  constructor(
    file: string,
    args: readonly string[],
    { cwd, env }: { cwd?: string; env: Record<string, string> },
  ) {
    // A group of its own, so that what it leaves behind can be found and ended.
    this.child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const collect = (chunk: Buffer) => {
      this.output += chunk;
    };
    this.child.stdout?.on('data', collect);
    this.child.stderr?.on('data', collect);
    this.exited = new Promise((done) => {
      this.child.once('close', (code, signal) => done({ code, signal }));
      this.child.once('error', (error) => {
        this.output += error.message;
        done({ code: null, signal: null });
      });
    });
  }

  get over(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until it has said something. @throws Error with all it said where it does not */
  async says(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!pattern.test(this.output)) {
      if (this.over || Date.now() > deadline) throw new Error(`it did not say ${pattern}:\n${this.output}`);
      await delay(20);
    }
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.child.kill(signal);
    return this.exited;
  }

  /** Whether anything of its group still runs. */
  get groupAlive(): boolean {
    return this.#signalGroup(0);
  }

  /** For afterEach: ends it and whatever it started. */
  async dispose(): Promise<void> {
    this.#signalGroup('SIGKILL');
    await this.exited;
  }

  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    try {
      return this.child.pid !== undefined && process.kill(-this.child.pid, signal);
    } catch {
      // Nobody is left.
      return false;
    }
  }
}
