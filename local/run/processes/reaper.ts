import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * A small process beside the run that outlives it: when the run is killed with no chance to clean up, the reaper
 * sees its input end, stops the process groups that are left and removes what the run would have removed.
 */
export class Reaper {
  readonly #child: ChildProcess;
  readonly #groups = new Set<number>();

  /** @param leftovers files and directories of this run alone */
  constructor(leftovers: readonly string[]) {
    this.#child = spawn('sh', [join(import.meta.dirname, 'reaper.sh'), ...leftovers], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // Out of the terminal's group, or Ctrl-C would end it before the run.
      detached: true,
      cwd: '/',
    });
    // Without it the run goes on as well; only a SIGKILL of the run would then leave something.
    this.#child.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
    (this.#child.stdin as unknown as { unref?: () => void })?.unref?.();
  }

  /** Told of each process group that starts or has ended. */
  readonly watch = (groupId: number, running: boolean): void => {
    if (running) this.#groups.add(groupId);
    else this.#groups.delete(groupId);
    this.#child.stdin?.write(`${running ? '+' : '-'}${groupId}\n`);
  };

  /** Kills every group that is left, at once. */
  killAll(): void {
    for (const groupId of this.#groups) {
      try {
        process.kill(-groupId, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  /** Ends it: it removes the leftovers on its way out. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.pid === undefined) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.ref();
    child.stdin?.end();
    await exited;
  }
}
