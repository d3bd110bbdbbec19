import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { ProvisionedResource } from '../assets/assets.ts';
import { AwsError } from '../http/errors.ts';
import type { JsonObject } from '../template.ts';
import { ClientTokens } from './client-tokens.ts';
import { keepTasks, readKeptTasks } from './kept-tasks.ts';
import { lastPart, StackResources } from './stack-resources.ts';
import { atOnce, type StartPlan } from './start-plan.ts';
import { type Task, taskArn, taskOfApi } from './task.ts';
import {
  type LocalTaskDefinition,
  logFileOf,
  type RunTaskRequest,
  TaskRun,
  type TasksOptions,
} from './task-run.ts';

interface Failure {
  arn?: string;
  reason: string;
}

/** RunTask takes so many (ECS quotas). */
const maxTasksPerCall = 10;
/** ListTasks gives so many at once. */
const maxListed = 100;
/** As ECS words it ("RunTask failures"). */
const noCapacity =
  'Capacity is unavailable at this time. Please try again later or in a different availability zone';
/** Stopped tasks can still be described for a while (about an hour in ECS); bounded here. */
const maxStoppedTasks = 200;

/** Amazon ECS without machines: a task is a process of this one. */
export class EcsTasks {
  readonly #options: TasksOptions;
  #stacks = new StackResources([]);
  readonly #tasks = new Map<string, TaskRun>();
  readonly #tokens = new ClientTokens<Task[]>();
  readonly #starts: StartPlan;
  #closed = false;

  constructor(options: TasksOptions) {
    this.#options = options;
    this.#starts = options.starts ?? atOnce;
  }

  /** Makes the clusters and task definitions of the stacks. The tasks of a cluster that is gone are stopped. */
  provision(resources: readonly ProvisionedResource[]): void {
    this.#stacks = new StackResources(resources);
    for (const entry of this.#tasks.values()) {
      if (this.#stacks.clusterArn(entry.task.clusterName) === undefined)
        entry.stop('The cluster was deleted');
    }
  }

  /** @throws AwsError ClusterNotFoundException, ClientException, InvalidParameterException, ConflictException */
  runTask(request: RunTaskRequest): { tasks: JsonObject[]; failures: Failure[] } {
    const clusterName = this.#stacks.clusterName(request.cluster);
    const definition = this.#stacks.givenDefinition(request.taskDefinition);
    const count = request.count ?? 1;
    if (!Number.isInteger(count) || count < 1 || count > maxTasksPerCall) {
      throw new AwsError('InvalidParameterException', `count must be 1 to ${maxTasksPerCall}`);
    }
    const subnets = request.networkConfiguration?.awsvpcConfiguration?.subnets ?? [];
    if (definition.networkMode === 'awsvpc' && subnets.length === 0) {
      throw new AwsError(
        'InvalidParameterException',
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
      );
    }
    const failures: Failure[] = [];
    const { clientToken, ...rest } = request;
    const tasks = this.#tokens.once(clientToken, rest, () => {
      const fates = Array.from({ length: count }, () =>
        this.#closed ? 'throttled' : this.#starts.fate(subnets),
      );
      if (fates.includes('throttled')) throw new AwsError('ThrottlingException', 'Rate exceeded');
      return fates.flatMap((fate) => {
        if (fate !== 'refused') return [this.#start(clusterName, definition, request, fate === 'fails')];
        failures.push({ reason: noCapacity });
        return [];
      });
    });
    return { tasks: tasks.map((task) => taskOfApi(task)), failures };
  }

  /** @throws AwsError InvalidParameterException where there is no such task, as ECS says it */
  stopTask(request: { cluster?: string; task?: string; reason?: string }): { task: JsonObject } {
    const clusterName = this.#stacks.clusterName(request.cluster);
    const entry = this.#tasks.get(lastPart(request.task ?? ''));
    if (!entry || entry.task.clusterName !== clusterName) {
      throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
    }
    entry.stop(request.reason ?? 'Task stopped by user');
    return { task: taskOfApi(entry.task) };
  }

  describeTasks(request: { cluster?: string; tasks?: string[]; include?: string[] }): {
    tasks: JsonObject[];
    failures: Failure[];
  } {
    const clusterName = this.#stacks.clusterName(request.cluster);
    const tasks: JsonObject[] = [];
    const failures: Failure[] = [];
    for (const id of request.tasks ?? []) {
      const entry = this.#tasks.get(lastPart(id));
      if (entry?.task.clusterName === clusterName)
        tasks.push(taskOfApi(entry.task, request.include?.includes('TAGS')));
      else failures.push({ arn: id.includes('/') ? id : taskArn(clusterName, id), reason: 'MISSING' });
    }
    return { tasks, failures };
  }

  listTasks(request: {
    cluster?: string;
    family?: string;
    startedBy?: string;
    desiredStatus?: string;
    maxResults?: number;
    nextToken?: string;
  }): { taskArns: string[]; nextToken?: string } {
    const clusterName = this.#stacks.clusterName(request.cluster);
    const desired = request.desiredStatus ?? 'RUNNING';
    const found = [...this.#tasks.values()].filter(
      ({ task }) =>
        task.clusterName === clusterName &&
        task.desiredStatus === desired &&
        (request.family === undefined || task.definition.family === request.family) &&
        (request.startedBy === undefined || task.startedBy === request.startedBy),
    );
    const from = Number(request.nextToken ?? 0);
    const next = from + Math.min(request.maxResults ?? maxListed, maxListed);
    const taskArns = found.slice(from, next).map(({ task }) => task.arn);
    return { taskArns, ...(next < found.length && { nextToken: String(next) }) };
  }

  /** @returns the task definition of this ARN, `family:revision` or `family` */
  definition(id: string): LocalTaskDefinition | undefined {
    return this.#stacks.definition(id);
  }

  /** @returns the task, for its metadata endpoint */
  find(taskId: string): Task | undefined {
    return this.#tasks.get(taskId)?.task;
  }

  /** Takes no more tasks, and says so as when it is too busy: a start that is asked for again later has not failed. */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    await this.stopAll(reason);
  }

  /**
   * Tells what became of the tasks of a run before this one: they have stopped, each with its run. To be called once,
   * when the clusters are there and somebody listens.
   */
  tellKept(): void {
    const { file } = this.#options;
    if (file === undefined) return;
    for (const { family, ...kept } of readKeptTasks(file)) {
      const definition = this.#stacks.definition(family);
      const clusterArn = this.#stacks.clusterArn(kept.clusterName);
      if (definition === undefined || clusterArn === undefined) continue;
      const { startedBy, startedAt, ...known } = kept;
      const task: Task = {
        ...known,
        clusterArn,
        definition,
        lastStatus: 'RUNNING',
        desiredStatus: 'RUNNING',
        ...(startedBy !== undefined && { startedBy }),
        ...(startedAt !== undefined && { startedAt }),
        tags: [],
        overrides: {},
      };
      const run = this.#add(new TaskRun(task, definition, {}, this.#runOptions()));
      run.stop('the run that it belonged to has ended');
    }
  }

  /** Stops every task, each in its own time. */
  async stopAll(reason: string): Promise<void> {
    const open = [...this.#tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED');
    for (const run of open) run.stop(reason);
    await Promise.all(open.map(({ exited }) => exited));
  }

  killAll(): void {
    for (const run of this.#tasks.values()) if (run.task.lastStatus !== 'STOPPED') run.kill();
  }

  #start(
    clusterName: string,
    definition: LocalTaskDefinition,
    request: RunTaskRequest,
    fails: boolean,
  ): Task {
    const id = randomBytes(16).toString('hex');
    const task: Task = {
      id,
      arn: taskArn(clusterName, id),
      clusterName,
      clusterArn: this.#stacks.clusterArn(clusterName) as string,
      definition,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      version: 0,
      createdAt: Date.now(),
      group: request.group ?? `family:${definition.family}`,
      ...(request.startedBy !== undefined && { startedBy: request.startedBy }),
      tags: request.tags ?? [],
      ...(this.#options.addresses && { addresses: this.#options.addresses() }),
      overrides: (request.overrides ?? {}) as JsonObject,
    };
    const run = this.#add(new TaskRun(task, definition, request, this.#runOptions()));
    run.start(fails);
    this.#forgetOldest();
    return task;
  }

  #add(run: TaskRun): TaskRun {
    this.#tasks.set(run.task.id, run);
    return run;
  }

  /** Each change of a task is kept before it is told. */
  #runOptions(): TasksOptions {
    const { file, publish, onUnwritable } = this.#options;
    if (file === undefined) return this.#options;
    return {
      ...this.#options,
      publish: (detailType, detail, arn) => {
        const tasks = [...this.#tasks.values()].map(({ task }) => task);
        keepTasks(file, tasks, onUnwritable);
        publish(detailType, detail, arn);
      },
    };
  }

  #forgetOldest(): void {
    const stopped = [...this.#tasks.values()].filter(({ task }) => task.lastStatus === 'STOPPED');
    for (const { task } of stopped.slice(0, -maxStoppedTasks)) {
      this.#tasks.delete(task.id);
      rmSync(logFileOf(this.#options.dir, task.id), { force: true });
    }
  }
}
