import { createHash } from 'node:crypto';
import type { EcsTask } from '../../../lambdas/domain/fleet/task.ts';
import type { RunResult } from '../../../lambdas/runtime/ecs-gateways.ts';
import type { Sim } from '../sim.ts';
import type { Weather } from '../weather.ts';

/** What the cloud tells the gateways that it runs. */
export interface TaskListener {
  started(task: EcsTask): void;
  /** SIGTERM. */
  stopped(taskId: string, reason: string): void;
}

/** The tasks of the cluster. */
export class Ecs {
  readonly tasks = new Map<string, EcsTask>();
  /** Most that ran at once. */
  atMost = 0;
  listener: TaskListener | undefined;
  readonly #sim: Sim;
  readonly #weather: () => Weather;
  readonly #tell: (task: EcsTask) => void;
  readonly #byToken = new Map<string, EcsTask>();

  /** @param tell of each change of a task */
  constructor(sim: Sim, weather: () => Weather, tell: (task: EcsTask) => void) {
    this.#sim = sim;
    this.#weather = weather;
    this.#tell = tell;
  }

  /** A task's state changes, and its event goes out. */
  change(taskId: string, change: Partial<EcsTask>): void {
    const before = this.tasks.get(taskId) as EcsTask;
    if (before.lastStatus === 'STOPPED') return;
    const after = { ...before, ...change, version: before.version + 1 };
    this.tasks.set(taskId, after);
    this.#tell(after);
  }

  running(): EcsTask[] {
    return [...this.tasks.values()].filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  }

  /** RunTask: the same token makes one task. */
  start(startId: string, token: string): RunResult {
    const sim = this.#sim;
    const known = this.#byToken.get(token);
    if (known !== undefined) return { result: 'started', task: this.tasks.get(known.taskId) as EcsTask };
    if (sim.chance(this.#weather().startFails)) {
      return sim.chance(0.5)
        ? { result: 'refused', reason: 'Capacity is unavailable' }
        : { result: 'unsure', reason: 'ThrottlingException' };
    }
    const taskId = createHash('sha256').update(token).digest('hex').slice(0, 32);
    const status = { lastStatus: 'PROVISIONING', desiredStatus: 'RUNNING', version: 1 };
    const task: EcsTask = { taskId, startId, ...status, createdAt: sim.nowMs };
    this.#byToken.set(token, task);
    this.tasks.set(taskId, task);
    this.atMost = Math.max(this.atMost, this.running().length);
    this.#tell(task);
    // One that fails may do so at once.
    const isBad = sim.chance(this.#weather().startFails / 3);
    sim.in(sim.between(isBad ? 300 : 4000, 30_000), () => {
      if (this.tasks.get(taskId)?.desiredStatus !== 'RUNNING') return;
      if (isBad) {
        const failed = { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'TaskFailedToStart' };
        this.change(taskId, { ...failed, stoppedAt: sim.nowMs });
        return;
      }
      this.change(taskId, { lastStatus: 'RUNNING', startedAt: sim.nowMs });
      this.listener?.started(this.tasks.get(taskId) as EcsTask);
    });
    return { result: 'started', task };
  }

  /** StopTask. */
  stop(taskId: string, reason: string): void {
    const task = this.tasks.get(taskId);
    if (task === undefined || task.desiredStatus === 'STOPPED') return;
    this.change(taskId, { desiredStatus: 'STOPPED', stopCode: 'UserInitiated', stoppedReason: reason });
    this.listener?.stopped(taskId, reason);
    this.#sim.in(this.#sim.between(500, 3000), () =>
      this.change(taskId, { lastStatus: 'STOPPED', stoppedAt: this.#sim.nowMs, exitCode: 0 }),
    );
  }
}
