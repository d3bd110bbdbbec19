import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../until.ts';

/** A process may end between two looks at it. */
function readQuietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

const root = resolve(import.meta.dirname, '../../..');

export interface RunEvent {
  event: string;
  at: number;
  [field: string]: unknown;
}

/** A `npm start -- --json` of its own: own ports, own run file, own temporary directory. */
export class SwitchroomProcess {
  readonly events: RunEvent[] = [];
  /** Where the run makes its temporary files: what is in there at the end was left behind. */
  readonly tmp: string;
  readonly runFile: string;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly child: ChildProcess;
  stderr = '';

  /** @param launcher what stands before the options: npm in the place of Node, where that is what a test is about */
  constructor(
    args: readonly string[] = [],
    environment: Record<string, string> = {},
    [program, ...first]: readonly [string, ...string[]] = [process.execPath, 'local/main.ts'],
  ) {
    this.tmp = mkdtempSync(join(tmpdir(), 'switchroom-tree-'));
    this.runFile = join(this.tmp, 'run.json');
    this.child = spawn(
      program,
      [...first, '--json', '--sip', '127.0.0.1:0', '--run-file', this.runFile, ...args],
      {
        cwd: root,
        env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TMPDIR: this.tmp, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    if (!this.child.stdout || !this.child.stderr) throw new Error('no pipes');
    createInterface({ input: this.child.stdout }).on('line', (line) => this.events.push(JSON.parse(line)));
    this.child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exited = new Promise((done) => {
      this.child.once('close', (code, signal) => done({ code, signal }));
    });
  }

  /** Waits for an event. */
  event(name: string, matches: (event: RunEvent) => boolean = () => true): Promise<RunEvent> {
    return until(`event ${name}`, () => {
      const found = this.events.find((event) => event.event === name && matches(event));
      if (!found && this.child.exitCode !== null) {
        throw new Error(`ended with ${this.child.exitCode} without ${name}: ${this.stderr}`);
      }
      return found;
    });
  }

  ready(): Promise<RunEvent> {
    return this.event('ready');
  }

  /** The processes of this run but itself: all of them run in its directory, or are told its run file. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== this.child.pid)
      .filter(
        (pid) =>
          readQuietly(() => readlinkSync(`/proc/${pid}/cwd`)).startsWith(this.tmp) ||
          readQuietly(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).includes(this.tmp),
      )
      .map(Number);
  }

  /** Those of them that have this text in their environment or their command line. */
  processesWith(text: string): number[] {
    return this.processes().filter((pid) =>
      ['environ', 'cmdline'].some((file) =>
        readQuietly(() => readFileSync(`/proc/${pid}/${file}`, 'utf8')).includes(text),
      ),
    );
  }

  async stop(
    signal: NodeJS.Signals = 'SIGINT',
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.child.kill(signal);
    return this.exited;
  }

  /** For afterEach: ends whatever the test did not. */
  async dispose(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop('SIGTERM');
    rmSync(this.tmp, { recursive: true, force: true });
  }
}
