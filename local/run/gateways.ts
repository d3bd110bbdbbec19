import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseGatewayName, taskIdOf } from '../../contracts/gateway-name.ts';
import type { LocalCloud } from '../aws/cloud.ts';
import type { EcsService } from '../aws/ecs/services.ts';
import type { Command } from '../aws/ecs/task-process.ts';
import type { BusEvent } from '../aws/events/bus.ts';
import type { JsonObject } from '../aws/template.ts';
import { type GatewayKind, RunError } from './options.ts';
import { projectDir } from './synthesize.ts';

/**
 * What runs in the place of the gateway's image: its own entry script where baresip is installed, else a small user
 * agent that behaves alike.
 * @param imageDirectory the files of the image
 * @throws RunError where baresip is asked for and not there
 */
export function gatewayCommand(kind: GatewayKind, imageDirectory: string): Command {
  if (kind !== 'node' && hasBaresip()) return { file: 'bash', args: [join(imageDirectory, 'entrypoint.sh')] };
  if (kind === 'baresip') {
    throw new RunError(
      '--gateway-kind baresip: needs baresip, bash, curl, setpriv and stdbuf (Debian: apt install baresip-core curl)',
    );
  }
  return { file: process.execPath, args: [join(projectDir, 'local/user-agent/gateway.ts')] };
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

export interface GatewayPoolOptions {
  cloud: LocalCloud;
  /** The template's service: how many are kept running, and of which task. */
  service: EcsService;
  gatewayName: string;
  onTrouble: (what: string) => void;
}

/** The container of a gateway's task. */
export const gatewayContainer = 'gateway';

const firstPauseMs = 250;
const longestPauseMs = 10_000;
const startedBy = 'switchroom-local';

/** The scheduler of the gateways' ECS service: one that has stopped is replaced by a new task. */
export class GatewayPool {
  readonly #options: GatewayPoolOptions;
  /** Tasks that run → whether their gateway is registered. */
  readonly #tasks = new Map<string, boolean>();
  readonly #waiters: (() => void)[] = [];
  #pauseMs = firstPauseMs;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: GatewayPoolOptions) {
    this.#options = options;
    options.cloud.buses.observe((event) => this.#observe(event));
  }

  /** Starts them. */
  start(): void {
    while (!this.#stopped && this.#tasks.size < this.#options.service.desiredCount) {
      const task = this.#run();
      // One that could not even be started has said so already; the timer tries again.
      if (task === undefined) return;
    }
  }

  /**
   * Waits until as many are registered as are wanted.
   * @throws the signal's reason
   */
  async untilRegistered(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while ([...this.#tasks.values()].filter(Boolean).length < this.#options.service.desiredCount) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#options.cloud.tasks.stopAll('the run ends');
  }

  #run(): string | undefined {
    const { cloud, service } = this.#options;
    const { tasks } = cloud.tasks.runTask({
      cluster: service.clusterName,
      taskDefinition: service.definition.arn,
      startedBy,
    });
    const id = String(tasks[0]?.taskArn).split('/').at(-1) ?? '';
    if (!cloud.tasks.find(id) || cloud.tasks.find(id)?.lastStatus === 'STOPPED') return undefined;
    this.#tasks.set(id, this.#tasks.get(id) ?? false);
    return id;
  }

  #observe(event: BusEvent): void {
    if (event['detail-type'] === 'ECS Task State Change') this.#taskChanged(event.detail);
    if (event['detail-type'] === 'gateway.registered') this.#registered(String(event.detail.username));
  }

  #registered(username: string): void {
    const gateway = parseGatewayName(username, this.#options.gatewayName);
    const taskId = gateway && taskIdOf(gateway);
    if (taskId === undefined || !this.#tasks.has(taskId)) return;
    this.#tasks.set(taskId, true);
    this.#pauseMs = firstPauseMs;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #taskChanged(task: JsonObject): void {
    if (task.lastStatus !== 'STOPPED' || task.startedBy !== startedBy || this.#stopped) return;
    const id = String(task.taskArn).split('/').at(-1) ?? '';
    const registered = this.#tasks.get(id) ?? false;
    this.#tasks.delete(id);
    if (registered || task.stopCode === 'UserInitiated') {
      this.#again(0);
      return;
    }
    this.#options.onTrouble(
      `a gateway ended before it had registered (${task.stoppedReason}); see its log task-${id}.log`,
    );
    this.#again(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  #again(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), pauseMs);
  }
}
