import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { patienceMs } from './patience.ts';
import type { Transport } from './sip-peer/wire.ts';
import { type Address, freeSipPort } from './sip-server.ts';

const scenarios = resolve(import.meta.dirname, '../sipp');

export interface SippOptions {
  /** Path under test/sipp without `.xml`, e.g. `caller/answered-200`; `uac` and `uas` are SIPp's own. */
  scenario: string;
  /** What plays requests of new Call-IDs that come to this SIPp: a gateway's side. */
  outOfCall?: string;
  /** Whom it calls. Without one it is called, and listens as soon as it is started. */
  target?: Address;
  transport: Transport;
  /** How many calls there will be. */
  calls?: number;
  perSec?: number;
  /** Length of a `<pause />`, ms. */
  pauseMs?: number;
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

/** One SIPp process playing a scenario until its calls are over. Its files go with it. */
export class Sipp {
  readonly exited: Promise<SippResult>;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #name: string;
  #output = '';

  /** @throws Error where it does not come to listen */
  static async start(options: SippOptions): Promise<Sipp> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const sipp = new Sipp(options, await freeSipPort());
      if (options.target || (await sipp.#listens(options.transport))) return sipp;
      // Somebody else took the port meanwhile.
      await sipp.kill();
      if (Date.now() > deadline) throw new Error(`SIPp ${options.scenario} does not listen`);
    }
  }

  private constructor(options: SippOptions, port: number) {
    const { scenario, outOfCall, target, transport, calls = 1, perSec, pauseMs, service } = options;
    const { keys = {}, credentials } = options;
    this.port = port;
    this.#name = outOfCall ?? scenario;
    this.#directory = mkdtempSync(join(tmpdir(), 'sipp-'));
    const file = (name: string) => join(this.#directory, name);
    const xml = (path: string) => join(scenarios, `${path}.xml`);
    const given = (option: string, value: string | number | undefined) =>
      value === undefined ? [] : [option, String(value)];
    const isOwn = !scenario.includes('/');
    const args = [
      ...(target ? [`${target.host}:${target.port}`] : []),
      ...['-i', '127.0.0.1', '-p', String(port), '-t', transport === 'udp' ? 'u1' : 't1'],
      ...(isOwn ? ['-sn', scenario] : ['-sf', xml(scenario)]),
      ...given('-oocsf', outOfCall && xml(outOfCall)),
      ...['-m', String(calls), ...given('-r', perSec), ...given('-d', pauseMs), ...given('-s', service)],
      ...['-default_behaviors', 'none,abortunexp', '-nostdin'],
      ...['-timeout', `${patienceMs / 1000}s`, '-timeout_error'],
      ...Object.entries(keys).flatMap(([name, value]) => ['-key', name, value]),
      ...given('-au', credentials?.username),
      ...given('-ap', credentials?.password),
      ...given('-auth_uri', credentials?.uri),
      ...['-trace_msg', '-message_file', file('messages'), '-trace_err', '-error_file', file('errors')],
      ...['-trace_logs', '-log_file', file('logs')],
    ];
    this.#child = spawn('sipp', args, { cwd: this.#directory, stdio: ['ignore', 'pipe', 'pipe'] });
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
    await this.exited.catch(() => {});
  }

  /** Looks without a packet: SIPp would take one for a call. */
  async #listens(transport: Transport): Promise<boolean> {
    const socket = `0100007F:${this.port.toString(16).toUpperCase().padStart(4, '0')} `;
    const deadline = Date.now() + patienceMs;
    while (this.#child.exitCode === null && Date.now() < deadline) {
      if (readFileSync(`/proc/net/${transport}`, 'utf8').includes(socket)) return true;
      await delay(pollMs);
    }
    return false;
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
