import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { Outbox } from '../../../sip-edge/outbox/outbox.ts';
import { FactStore } from '../../../sip-edge/outbox/store.ts';
import { systemClock } from '../../../sip-edge/ports.ts';
import { TestBus } from '../support/bus.ts';
import { recordingLog } from '../support/log.ts';

/** Outboxes over one directory, which each test has anew; they are closed after it. */
export class OutboxSuite {
  #directory = '';
  #open: Outbox[] = [];

  /** Registers the hooks that make the directory and end everything. */
  constructor() {
    beforeEach(() => {
      this.#directory = mkdtempSync(join(tmpdir(), 'outbox-'));
    });
    afterEach(async () => {
      for (const outbox of this.#open.splice(0)) await outbox.close(0);
      rmSync(this.#directory, { recursive: true, force: true });
    });
  }

  get stateDir(): string {
    return join(this.#directory, 'state');
  }

  get file(): string {
    return join(this.stateDir, 'outbox.log');
  }

  open({ deliver }: TestBus, maxBytes = 1e9) {
    const log = recordingLog();
    const outbox = new Outbox({
      openStore: (onLeftOver) => new FactStore(this.file, log, onLeftOver),
      ...{ maxBytes, edgeId: 'edge', backoffMs: 2, tendMs: 10 },
      clock: systemClock,
      log,
      deliver,
    });
    this.#open.push(outbox);
    const say = (callId: string) =>
      outbox.publish({ type: 'call.cancelled', callId, gatewayAnswered: false });
    return { outbox, log, say };
  }

  /** Another process says facts. @returns the lines of support/outbox-child.ts, one a fact */
  async saidByChild({
    shell = [] as string[],
    count = Number.POSITIVE_INFINITY,
    killedAfter = Number.POSITIVE_INFINITY,
  }) {
    const script = join(import.meta.dirname, '../support/outbox-child.ts');
    const command = [...shell, process.execPath, script, this.stateDir, String(count)];
    const [file = '', ...args] = command;
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
      if (output.split('\n').length > killedAfter) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('close', resolve));
    return output.split('\n').slice(0, -1);
  }

  /** Says so many facts that no bus takes, and closes. */
  async leave(count: number): Promise<void> {
    const { outbox, say } = this.open(downBus());
    for (const callId of names(count)) say(callId);
    await outbox.close(0);
  }
}

/** A bus that nobody reaches: what is said stays. */
export function downBus(): TestBus {
  const bus = new TestBus();
  bus.behaviour = 'down';
  return bus;
}

export const callIds = (bus: TestBus) =>
  bus.facts.map((fact) => ('callId' in fact ? fact.callId : fact.type));
export const names = (count: number) => Array.from({ length: count }, (_, index) => `call-${index + 1}`);
