import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { patienceMs } from './patience.ts';
import { freeSipPort } from './sip-server.ts';

const scenarios = resolve(import.meta.dirname, '../sipp');

export interface SippOptions {
  /** Path under test/sipp without `.xml`, e.g. `caller/answered-200`. */
  scenario: string;
  /** What plays requests of new Call-IDs that come to this SIPp: a gateway's side. */
  outOfCall?: string;
  target: { host: string; port: number };
  transport: 'udp' | 'tcp';
  /** User of the request URI. */
  service?: string;
  /** Words in brackets within the scenario. */
  keys?: Record<string, string>;
  credentials?: { username: string; password: string; uri: string };
}

export interface SippResult {
  code: number | null;
  /** All messages sent and received, and what SIPp says of them. */
  trace: string;
}

const pollMs = 15;

/** One SIPp process playing a scenario once. Its files go with it. */
export class Sipp {
  readonly exited: Promise<SippResult>;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #name: string;
  #output = '';

  static async start(options: SippOptions): Promise<Sipp> {
    return new Sipp(options, await freeSipPort());
  }

  private constructor(options: SippOptions, port: number) {
    const { scenario, outOfCall, target, transport, service, keys = {}, credentials } = options;
    this.port = port;
    this.#name = outOfCall ?? scenario;
    this.#directory = mkdtempSync(join(tmpdir(), 'sipp-'));
    const file = (name: string) => join(this.#directory, name);
    const xml = (path: string) => join(scenarios, `${path}.xml`);
    this.#child = spawn(
      'sipp',
      [
        `${target.host}:${target.port}`,
        ...['-i', '127.0.0.1', '-p', String(port), '-t', transport === 'udp' ? 'u1' : 't1'],
        ...['-sf', xml(scenario), ...(outOfCall ? ['-oocsf', xml(outOfCall)] : [])],
        ...[
          '-m',
          '1',
          '-default_behaviors',
          'none,abortunexp',
          '-nostdin',
          '-timeout',
          `${patienceMs / 1000}s`,
          '-timeout_error',
        ],
        ...(service === undefined ? [] : ['-s', service]),
        ...Object.entries(keys).flatMap(([name, value]) => ['-key', name, value]),
        ...(credentials
          ? ['-au', credentials.username, '-ap', credentials.password, '-auth_uri', credentials.uri]
          : []),
        ...['-trace_msg', '-message_file', file('messages'), '-trace_err', '-error_file', file('errors')],
        ...['-trace_logs', '-log_file', file('logs')],
      ],
      { cwd: this.#directory, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const collect = (chunk: Buffer) => {
      this.#output = (this.#output + chunk).slice(-4000);
    };
    this.#child.stdout?.on('data', collect);
    this.#child.stderr?.on('data', collect);
    this.exited = new Promise((done, fail) => {
      this.#child.once('error', fail);
      this.#child.once('close', (code) => {
        const trace = this.trace;
        rmSync(this.#directory, { recursive: true, force: true });
        done({ code, trace });
      });
    });
    // Whoever waits for something else first is told by the same promise later.
    this.exited.catch(() => {});
  }

  get trace(): string {
    return ['errors', 'messages', 'logs'].map((name) => this.#read(name)).join('\n') || this.#output;
  }

  /**
   * Waits until the scenario has come to the end it expects.
   * @throws Error with the whole trace where it has not
   */
  async succeeded(): Promise<string> {
    const { code, trace } = await this.exited;
    expect({ code }, `SIPp ${this.#name}:\n${trace}\n${this.#output}`).toEqual({ code: 0 });
    return trace;
  }

  /**
   * Waits for a `<log>` of the scenario (or of the one out of call).
   * @throws Error with the trace where the scenario goes wrong before
   */
  async logged(text: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!this.#read('logs').split('\n').includes(text)) {
      const over = this.#child.exitCode !== null;
      if (over || /Aborting call|Failed|Discarding/.test(this.#read('errors')) || Date.now() > deadline) {
        throw new Error(`SIPp ${this.#name} did not come to "${text}":\n${this.trace}\n${this.#output}`);
      }
      await delay(pollMs);
    }
  }

  /** What a scenario has logged so far. */
  get logs(): string[] {
    return this.#read('logs').split('\n').filter(Boolean);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #read(name: string): string {
    try {
      return readFileSync(join(this.#directory, name), 'utf8');
    } catch {
      // Not written yet, or removed at the end.
      return '';
    }
  }
}
