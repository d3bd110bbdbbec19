import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CommandError } from '../../command-line/command-error.ts';
import { parseGatewayName, taskIdOf } from '../../contracts/gateway-name.ts';
import type { Command } from '../aws/ecs/task-process.ts';
import type { EventBuses } from '../aws/events/bus.ts';
import type { BusEvent } from '../aws/events/bus-event.ts';
import type { JsonObject } from '../aws/template.ts';
import type { GatewayKind } from './options.ts';
import { projectDir } from './synthesize.ts';

/**
 * What runs in the place of the gateway's image: its own entry script where baresip is installed, else a small user
 * agent that behaves alike.
 * @param imageDirectory the files of the image
 * @throws CommandError where baresip is asked for and not there
 */
export function gatewayCommand(kind: GatewayKind, imageDirectory: string): Command {
  if (kind !== 'node' && hasBaresip()) return { file: 'bash', args: [join(imageDirectory, 'entrypoint.sh')] };
  if (kind === 'baresip') {
    throw new CommandError(
      '--gateway-kind baresip: needs baresip, bash, curl, setpriv and stdbuf (Debian: apt install baresip-core curl)',
    );
  }
  return { file: process.execPath, args: [join(projectDir, 'local/user-agent/gateway/gateway.ts')] };
}

/** What the image's entry script calls. */
const baresipTools = ['baresip', 'bash', 'curl', 'setpriv', 'stdbuf'];

let baresipFound: boolean | undefined;

function hasBaresip(): boolean {
  baresipFound ??= baresipTools.every(
    (tool) => spawnSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' }).status === 0,
  );
  return baresipFound;
}

/** How often people are told what is waited for. */
const sayEveryMs = 5000;

/** Knows which gateways of the pool are registered, from what goes over the buses. */
export class RegisteredGateways {
  readonly #gatewayName: string;
  readonly #onTrouble: (what: string) => void;
  /** Ids of their tasks. */
  readonly #registered = new Set<string>();
  readonly #waiters: (() => void)[] = [];
  #lastTrouble: string | undefined;

  constructor(buses: EventBuses, gatewayName: string, onTrouble: (what: string) => void) {
    this.#gatewayName = gatewayName;
    this.#onTrouble = onTrouble;
    buses.observe((event) => this.#observe(event));
  }

  /**
   * Waits until so many are registered.
   * @param patienceMs how long one may take to start and to register
   * @param say told every few seconds what is waited for
   * @throws the signal's reason; CommandError where none has registered for so long
   */
  async until(
    count: number,
    signal: AbortSignal,
    patienceMs: number,
    say: (what: string) => void,
  ): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    let seen = -1;
    let deadline = 0;
    const timer = setInterval(() => this.#wake(), sayEveryMs);
    try {
      for (let first = true; this.#registered.size < count; first = false) {
        signal.throwIfAborted();
        const now = performance.now();
        if (this.#registered.size > seen) deadline = now + patienceMs;
        else if (now > deadline) throw new CommandError(this.#whyNot(count, patienceMs));
        else if (!first) say(`Waiting for gateways: ${this.#registered.size} of ${count} have registered`);
        seen = this.#registered.size;
        await new Promise<void>((resolve) => this.#waiters.push(resolve));
      }
    } finally {
      clearInterval(timer);
    }
  }

  #whyNot(count: number, patienceMs: number): string {
    const waited = `no gateway has registered for ${Math.round(patienceMs / 1000)} s (${this.#registered.size} of ${count})`;
    return this.#lastTrouble === undefined
      ? `${waited}: the logs of their tasks say what they do (task-….log in the logs directory)`
      : `${waited}; the last said: ${this.#lastTrouble}`;
  }

  #observe(event: BusEvent): void {
    if (event['detail-type'] === 'ECS Task State Change') this.#taskChanged(event.detail);
    if (event['detail-type'] !== 'gateway.registered') return;
    const gateway = parseGatewayName(String(event.detail.username), this.#gatewayName);
    const taskId = gateway && taskIdOf(gateway);
    if (taskId !== undefined) this.#registered.add(taskId);
    this.#wake();
  }

  #taskChanged({ taskArn, lastStatus, stopCode, stoppedReason }: JsonObject): void {
    if (lastStatus !== 'STOPPED') return;
    const id = String(taskArn).split('/').at(-1) ?? '';
    if (this.#registered.delete(id) || stopCode === 'UserInitiated') return;
    this.#lastTrouble = `a gateway ended before it had registered (${stoppedReason}); see its log task-${id}.log`;
    this.#onTrouble(this.#lastTrouble);
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
