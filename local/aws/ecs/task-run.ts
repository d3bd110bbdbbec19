import { join } from 'node:path';
import type { Assets } from '../assets/assets.ts';
import type { JsonObject } from '../template.ts';
import type { Unwritable } from '../unwritable.ts';
import { atOnce, phasesOf, type StartPlan } from './start-plan.ts';
import { type StopCode, type Task, taskOfEvent } from './task.ts';
import { onlyContainer, type TaskDefinition } from './task-definition.ts';
import { type Command, TaskProcess } from './task-process.ts';

export interface TasksOptions {
  /** @returns what runs in the place of a task definition's image @param imageDirectory throws where the image is none of ours */
  commandOf: (definition: TaskDefinition, imageDirectory: () => string) => Command;
  /** What a container of this role finds in its environment besides its definition. */
  variablesOf: (role: string) => Record<string, string>;
  /** What DNS would tell: name → address. A variable that is such a name becomes the address. */
  names: () => Record<string, string>;
  /** @returns the value that a container's secret refers to */
  secretValue: (valueFrom: string) => string;
  /** Throws where a task's execution role lacks what ECS needs to start it. */
  authorizeStart: (definition: TaskDefinition) => void;
  publish: (detailType: string, detail: JsonObject, taskArn: string) => void;
  /** Addresses that tasks send from; ECS tells none unless given. */
  addresses?: (() => readonly string[]) | undefined;
  /** How starts go; all at once unless given. */
  starts?: StartPlan | undefined;
  /** Directory the tasks run in, with logs/ in it. */
  dir: string;
  /** Keeps which tasks run, for the next run of this cloud; none: nothing is kept. */
  file?: string | undefined;
  onUnwritable: Unwritable;
  onGroup?: ((groupId: number, running: boolean) => void) | undefined;
}

export interface RunTaskRequest {
  cluster?: string;
  taskDefinition?: string;
  count?: number;
  clientToken?: string;
  startedBy?: string;
  group?: string;
  networkConfiguration?: { awsvpcConfiguration?: { subnets?: string[] } };
  tags?: { key: string; value: string }[];
  overrides?: {
    containerOverrides?: {
      name?: string;
      environment?: { name: string; value: string }[];
      command?: string[];
    }[];
  };
}

export type LocalTaskDefinition = TaskDefinition & Pick<Assets, 'imageDirectory'>;

/** As ECS words it ("Stopped tasks error messages"). */
const noImage = 'CannotPullContainerError: the image cannot be pulled (asked for by --start-failure-rate)';

/** Where a task's process writes. */
export const logFileOf = (dir: string, taskId: string) => join(dir, 'logs', `task-${taskId}.log`);

/** One task from its start to its end: its phases, its process, and an event for each change. */
export class TaskRun {
  readonly task: Task;
  readonly #definition: LocalTaskDefinition;
  readonly #request: RunTaskRequest;
  readonly #options: TasksOptions;
  /** None before it runs, and where it never does. */
  #process: TaskProcess | undefined;
  /** The next phase of its start. */
  #timer: NodeJS.Timeout | undefined;

  constructor(task: Task, definition: LocalTaskDefinition, request: RunTaskRequest, options: TasksOptions) {
    this.task = task;
    this.#definition = definition;
    this.#request = request;
    this.#options = options;
  }

  /** Kept when its process is gone; at once where there is none. */
  get exited(): Promise<unknown> {
    return this.#process?.exited ?? Promise.resolve();
  }

  /** @param fails whether its image cannot be pulled */
  start(fails: boolean): void {
    const { task } = this;
    this.#changed();
    const { placedMs, pulledMs, runningMs } = phasesOf((this.#options.starts ?? atOnce).delayMs());
    const pending = () => {
      task.lastStatus = 'PENDING';
      task.pullStartedAt = Date.now();
      this.#changed();
    };
    const run = () => {
      if (fails) {
        this.#stopped('TaskFailedToStart', undefined, noImage);
        return;
      }
      task.pullStoppedAt = Math.round(task.createdAt + pulledMs);
      this.#run();
    };
    if (runningMs === 0) {
      pending();
      run();
      return;
    }
    this.#timer = setTimeout(() => {
      pending();
      this.#timer = setTimeout(run, runningMs - placedMs);
    }, placedMs);
  }

  /** Its process is told, and has the time of its definition to leave. */
  stop(reason: string): void {
    const { task } = this;
    if (task.desiredStatus === 'STOPPED') return;
    clearTimeout(this.#timer);
    task.desiredStatus = 'STOPPED';
    task.stopCode = 'UserInitiated';
    task.stoppedReason = reason;
    task.stoppingAt = Date.now();
    this.#changed();
    if (this.#process) this.#process.stop(onlyContainer(task.definition).stopTimeoutSec);
    else this.#stopped('UserInitiated', undefined, reason);
  }

  kill(): void {
    clearTimeout(this.#timer);
    this.#process?.kill();
  }

  #run(): void {
    const { task } = this;
    try {
      this.#process = this.#spawn(this.#definition);
    } catch (error) {
      this.#stopped('TaskFailedToStart', undefined, (error as Error).message);
      return;
    }
    void this.#process.exited.then(({ exitCode, reason }) => {
      const code: StopCode =
        task.stopCode ?? (exitCode === undefined ? 'TaskFailedToStart' : 'EssentialContainerExited');
      this.#stopped(code, exitCode, reason ?? 'Essential container in task exited');
    });
    if (this.#process.pid === undefined) return;
    task.lastStatus = 'RUNNING';
    task.startedAt = Date.now();
    this.#changed();
  }

  #spawn({ imageDirectory }: LocalTaskDefinition): TaskProcess {
    const { task } = this;
    this.#options.authorizeStart(task.definition);
    const container = onlyContainer(task.definition);
    const override = this.#request.overrides?.containerOverrides?.find(({ name }) => name === container.name);
    const overridden = Object.fromEntries(
      (override?.environment ?? []).map(({ name, value }) => [name, value]),
    );
    const secrets = Object.entries(container.secrets).map(([name, from]) => [
      name,
      this.#options.secretValue(from),
    ]);
    const common = this.#options.variablesOf(task.definition.taskRole);
    return new TaskProcess({
      command: this.#options.commandOf(task.definition, () => imageDirectory(container.image)),
      environment: {
        ...common,
        ECS_CONTAINER_METADATA_URI_V4: `${common.AWS_ENDPOINT_URL}/v4/${task.id}`,
        ...this.#resolved(container.environment),
        ...Object.fromEntries(secrets),
        ...overridden,
      },
      cwd: this.#options.dir,
      logFile: logFileOf(this.#options.dir, task.id),
      onGroup: this.#options.onGroup,
    });
  }

  #resolved(environment: Record<string, string>): Record<string, string> {
    const names = this.#options.names();
    return Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, names[value] ?? value]),
    );
  }

  #stopped(code: StopCode, exitCode: number | undefined, reason: string): void {
    const { task } = this;
    task.desiredStatus = 'STOPPED';
    task.lastStatus = 'STOPPED';
    task.stopCode = code;
    task.stoppedReason ??= reason;
    task.stoppedAt = Date.now();
    if (exitCode !== undefined) task.exitCode = exitCode;
    this.#changed();
  }

  #changed(): void {
    this.task.version++;
    this.#options.publish('ECS Task State Change', taskOfEvent(this.task), this.task.arn);
  }
}
