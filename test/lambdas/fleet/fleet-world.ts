import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { FleetPool } from '../../../lambdas/domain/fleet/fleet-pool.ts';
import { parsePolicy } from '../../../lambdas/domain/fleet/read-policy.ts';
import type { EcsTask, Task } from '../../../lambdas/domain/fleet/task.ts';
import { decideAndAct } from '../../../lambdas/functions/fleet/decide-and-act.ts';
import type { FleetDeps } from '../../../lambdas/functions/fleet/deps.ts';
import { KnownDemand } from '../../../lambdas/functions/fleet/known-demand.ts';
import { takeTaskEvent } from '../../../lambdas/functions/fleet/take-task-event.ts';
import type { GatewayEcs, RunResult } from '../../../lambdas/runtime/ecs-gateways.ts';
import { taskOf } from '../../../lambdas/store/items/task-item.ts';
import { poolKey, runningWatchKey, startingWatchKey, taskKey } from '../../../lambdas/store/keys.ts';
import { watched } from '../../../lambdas/store/watched.ts';
import { World } from '../support/world.ts';

/** How ECS answers a request: `lost`: it takes it, and the answer never comes. */
export type Answer = 'takes' | 'refuses' | 'throttles' | 'lost' | 'never asked';

/** ECS as far as the fleet sees it: a request with the same token makes one task. */
class FakeEcs implements GatewayEcs {
  zones = 2;
  answer: (task: Task) => Answer = () => 'takes';
  readonly tasks = new Map<string, EcsTask>();
  /** Client tokens, in the order they were asked with. */
  readonly asked: string[] = [];
  /** How often RunTask was called, also where no request arrived. */
  requests = 0;
  readonly #byToken = new Map<string, EcsTask>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async run(task: Task): Promise<RunResult> {
    this.requests += 1;
    const answer = this.answer(task);
    if (answer === 'never asked') return new Promise(() => {});
    const token = `${task.startId}-${task.refusals}`;
    this.asked.push(token);
    if (answer === 'refuses') return { result: 'refused', reason: 'Capacity is unavailable' };
    if (answer === 'throttles') return { result: 'unsure', reason: 'ThrottlingException' };
    const started = this.#byToken.get(token) ?? this.#start(task.startId, token);
    if (answer === 'lost') return new Promise(() => {});
    return { result: 'started', task: started };
  }

  async describe(taskIds: readonly string[]): Promise<EcsTask[]> {
    return taskIds.flatMap((id) => this.tasks.get(id) ?? []);
  }

  async list(): Promise<string[]> {
    return [...this.tasks.values()]
      .filter((one) => one.desiredStatus === 'RUNNING')
      .map(({ taskId }) => taskId);
  }

  /** Changes a task as ECS would. @returns it as its event tells */
  change(taskId: string, change: Partial<EcsTask>): EcsTask {
    const before = this.tasks.get(taskId);
    if (before === undefined) throw new Error(`no task ${taskId}`);
    const after = { ...before, ...change, version: before.version + 1 };
    this.tasks.set(taskId, after);
    return after;
  }

  running(): EcsTask[] {
    return [...this.tasks.values()].filter((one) => one.lastStatus !== 'STOPPED');
  }

  /** It has stopped. @returns it as its event tells */
  stop(taskId: string, change: Partial<EcsTask> = {}): EcsTask {
    return this.change(taskId, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', ...change });
  }

  /** The only task that runs, which the fleet has started. */
  get only(): EcsTask & { startId: string } {
    const [task, ...others] = this.running();
    if (task?.startId === undefined || others.length > 0) throw new Error('not one task');
    return { ...task, startId: task.startId };
  }

  #start(startId: string, token: string): EcsTask {
    const taskId = createHash('sha256').update(token).digest('hex').slice(0, 32);
    const task = {
      taskId,
      startId,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      version: 1,
      createdAt: this.#now(),
    };
    this.#byToken.set(token, task);
    this.tasks.set(taskId, task);
    return task;
  }
}

export interface FleetOptions {
  minFree?: number;
  max?: number;
  afterCall?: 'stop' | 'reuse';
}

/** The functions with the fleet over one real table, a clock that the test owns, and an ECS that fails as it is told. */
export class FleetWorld extends World {
  readonly ecs = new FakeEcs(() => this.nowMs);
  readonly fleet: FleetDeps;
  /** Most gateways of ours there ever were at once. */
  most = 0;
  #ids = 0;

  constructor(client: DynamoDBClient, tableName: string, options: FleetOptions = {}) {
    super(client, tableName, { ...(options.afterCall && { afterCall: options.afterCall }) });
    const { minFree = 2, max = 20, afterCall = 'stop' } = options;
    const threshold = { unlockedMin: minFree, loadMax: 1 };
    this.fleet = {
      ...this.deps,
      stopTask: async (taskId, reason) => {
        this.stopped.push(taskId);
        const task = this.ecs.tasks.get(taskId);
        if (task === undefined || task.desiredStatus === 'STOPPED') return;
        this.ecs.change(taskId, {
          desiredStatus: 'STOPPED',
          stopCode: 'UserInitiated',
          stoppedReason: reason,
        });
      },
      ecs: this.ecs,
      policy: parsePolicy(
        { policy: 'timeline', timeline: { auto_scale_threshold: { default: { '00:00:00': threshold } } } },
        {
          timeZone: 'UTC',
          maxGateways: max,
          startSec: 90,
          gateways: afterCall === 'stop' ? 'single-use' : 'reuse',
        },
      ),
      knownDemand: new KnownDemand(),
      gatewayId: '1',
      newId: () => {
        this.#ids += 1;
        return this.#ids.toString(16).padStart(16, '0');
      },
      registered: () => undefined,
      warn: (message) => this.warnings.push(message),
    };
    Object.assign(this.deps, { stopTask: this.fleet.stopTask });
  }

  async run(name = 'every minute') {
    const report = await decideAndAct({ name, tick: name === 'every minute' }, this.fleet);
    this.most = Math.max(this.most, this.ecs.running().length);
    return report;
  }

  event(task: EcsTask): Promise<void> {
    return takeTaskEvent(task, this.fleet);
  }

  /** The tasks that have not registered do, and ECS and the edge say so. */
  async registerAll(): Promise<string[]> {
    const usernames: string[] = [];
    for (const { taskId, lastStatus, desiredStatus } of this.ecs.running()) {
      if (lastStatus === 'RUNNING' || desiredStatus === 'STOPPED') continue;
      await this.event(this.ecs.change(taskId, { lastStatus: 'RUNNING', startedAt: this.nowMs }));
      const username = `${taskId}.mediagw.1`;
      await this.register({ username, registrationId: taskId });
      usernames.push(username);
    }
    await this.run('gateway.registered');
    return usernames;
  }

  /** Every task that is told to stop leaves as gateways do: it un-REGISTERs, and ECS says that it has stopped. */
  async leaveAll(): Promise<void> {
    for (const { taskId, desiredStatus } of this.ecs.running()) {
      if (desiredStatus !== 'STOPPED') continue;
      await this.unregister({ username: `${taskId}.mediagw.1`, registrationId: taskId });
      await this.event(
        this.ecs.change(taskId, { lastStatus: 'STOPPED', stoppedAt: this.nowMs, exitCode: 0 }),
      );
    }
    await this.run('task STOPPED');
  }

  /** Gateways refresh their registrations while time passes. */
  async passRefreshing(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 30) {
      this.pass(Math.min(30, left));
      for (const { taskId, lastStatus, desiredStatus } of this.ecs.running()) {
        if (lastStatus !== 'RUNNING' || desiredStatus === 'STOPPED') continue;
        const username = `${taskId}.mediagw.1`;
        const gateway = await this.gateway(username);
        if (gateway === undefined) continue;
        await this.register({ username, registrationId: taskId, cseq: gateway.cseq + 1 });
      }
    }
  }

  async state(): Promise<FleetPool> {
    return (await this.table.get(poolKey)) as unknown as FleetPool;
  }

  async task(startId: string): Promise<Task | undefined> {
    return taskOf(await this.table.get(taskKey(startId)));
  }

  /** Starts that the indexes show as not over. */
  async openStarts(): Promise<number> {
    const keys = await Promise.all(
      [startingWatchKey, runningWatchKey].map((key) => watched(this.table, key, 1000)),
    );
    return keys.reduce((sum, { items }) => sum + items.length, 0);
  }
}
