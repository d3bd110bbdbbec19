import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { inNamespace } from '../network/commands.ts';

/** Whoever an image makes for itself by USER; nobody of this machine. */
const imageUser = '61001:61001';

export interface ContainerOptions {
  name: string;
  namespace: string;
  /** Directory of the task. */
  dir: string;
  command: readonly string[];
  environment: Record<string, string>;
  /** SOURCE=TARGET of what stands in its root besides the machine's programs. */
  files: readonly string[];
  hasUser: boolean;
  /** Of the task. */
  hostname: string;
}

/** One process in a container of its own. */
export class Container {
  readonly name: string;
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;

  constructor({ name, namespace, dir, command, environment, files, hasUser, hostname }: ContainerOptions) {
    this.name = name;
    const root = join(dir, `${name}-root`);
    mkdirSync(root, { recursive: true });
    const log = openSync(join(dir, `${name}.log`), 'a');
    const enter = join(import.meta.dirname, 'enter.sh');
    const user = hasUser ? imageUser : '0:0';
    const entered = ['unshare', '--uts', 'sh', enter, root, user, hostname, ...files, '--', ...command];
    const [file = '', ...args] = inNamespace(namespace, entered);
    this.#child = spawn(file, args, { env: environment, cwd: '/', stdio: ['ignore', log, log] });
    this.exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve(127));
      this.#child.once('exit', (code) => resolve(code ?? 137));
    });
  }

  /** SIGTERM, and SIGKILL when the time is over. @returns when it has ended */
  async stop(timeoutSec: number): Promise<void> {
    const timer = setTimeout(() => this.kill(), timeoutSec * 1000);
    this.#child.kill('SIGTERM');
    await this.exited;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Owner of the directories that a container with a user writes to. */
export const imageUserId = Number(imageUser.split(':')[0]);
