import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CommandError } from '../../command-line/command-error.ts';
import { parseGatewayName, taskIdOf } from '../../contracts/gateway-name.ts';
import type { Command } from '../aws/ecs/task-process.ts';
import type { BusEvent, EventBuses } from '../aws/events/bus.ts';
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

/** Knows which gateways of the pool are registered, from what goes over the buses. */
export class RegisteredGateways {
  readonly #gatewayName: string;
  readonly #onTrouble: (what: string) => void;
  /** Ids of their tasks. */
  readonly #registered = new Set<string>();
  readonly #waiters: (() => void)[] = [];

  constructor(buses: EventBuses, gatewayName: string, onTrouble: (what: string) => void) {
    this.#gatewayName = gatewayName;
    this.#onTrouble = onTrouble;
    buses.observe((event) => this.#observe(event));
  }

  /**
   * Waits until so many are registered.
   * @throws the signal's reason
   */
  async until(count: number, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (this.#registered.size < count) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
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
    this.#onTrouble(
      `a gateway ended before it had registered (${stoppedReason}); see its log task-${id}.log`,
    );
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
