import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Assets, ProvisionedResource } from '../assets.ts';
import { AwsError } from '../errors.ts';
import { accessKeyOf } from '../iam/permissions.ts';
import type { JsonObject } from '../template.ts';
import { ClientTokens } from './client-tokens.ts';
import { atOnce, phasesOf, type StartPlan } from './start-plan.ts';
import { type StopCode, type Task, taskArn, taskOfApi, taskOfEvent } from './task.ts';
import { familyOf, onlyContainer, readTaskDefinition, type TaskDefinition } from './task-definition.ts';
import { type Command, TaskProcess } from './task-process.ts';

export interface TasksOptions {
  /** @returns what runs in the place of a task definition's image, whose directory is given */
  commandOf: (definition: TaskDefinition, imageDirectory: string) => Command;
  /** What each container finds in its environment besides its definition. */
  variables: () => Record<string, string>;
  /** What DNS would tell: name → address. A variable that is such a name becomes the address. */
  names: () => Record<string, string>;
  /** @returns the value that a container's secret refers to */
  secretValue: (valueFrom: string) => string;
  /** Throws where a task's execution role lacks what ECS needs to start it. */
  authorizeStart: (definition: TaskDefinition) => void;
  publish: (detailType: string, detail: JsonObject, taskArn: string) => void;
  /** How starts go; all at once unless given. */
  starts?: StartPlan | undefined;
  /** Directory the tasks run in, with logs/ in it. */
  dir: string;
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

type LocalTaskDefinition = TaskDefinition & Pick<Assets, 'imageDirectory'>;

interface Failure {
  arn?: string;
  reason: string;
}

interface Entry {
  task: Task;
  /** None before it runs, and where it never does. */
  process: TaskProcess | undefined;
  /** The next phase of its start. */
  timer?: NodeJS.Timeout;
}

/** RunTask takes so many (ECS quotas). */
const maxTasksPerCall = 10;
/** ListTasks gives so many at once. */
const maxListed = 100;
/** As ECS words it ("RunTask failures", "Stopped tasks error messages"). */
const noCapacity =
  'Capacity is unavailable at this time. Please try again later or in a different availability zone';
const noImage = 'CannotPullContainerError: the image cannot be pulled (asked for by --start-failure-rate)';
/** Stopped tasks can still be described for a while (about an hour in ECS); bounded here. */
const maxStoppedTasks = 200;

const lastPart = (id: string) => id.slice(id.lastIndexOf('/') + 1);

/** Amazon ECS without machines: a task is a process of this one. */
export class EcsTasks {
  readonly #options: TasksOptions;
  #clusters = new Map<string, string>();
  #definitions = new Map<string, LocalTaskDefinition>();
  readonly #tasks = new Map<string, Entry>();
  readonly #tokens = new ClientTokens<Task[]>();
  readonly #starts: StartPlan;
  #closed = false;

  constructor(options: TasksOptions) {
    this.#options = options;
    this.#starts = options.starts ?? atOnce;
  }

  /** Makes the clusters and task definitions of the stacks. The tasks of a cluster that is gone are stopped. */
  provision(resources: readonly ProvisionedResource[]): void {
    const clusters = new Map<string, string>();
    const definitions = new Map<string, LocalTaskDefinition>();
    for (const resource of resources) {
      if (resource.type === 'AWS::ECS::Cluster') clusters.set(resource.ref, resource.attributes.Arn ?? '');
      if (resource.type === 'AWS::ECS::TaskDefinition') {
        const { imageDirectory } = resource.assets;
        const definition = { ...readTaskDefinition(resource), imageDirectory };
        definitions.set(definition.family, definition);
      }
    }
    this.#clusters = clusters;
    this.#definitions = definitions;
    for (const entry of this.#tasks.values()) {
      if (!clusters.has(entry.task.clusterName)) this.#stop(entry, 'The cluster was deleted');
    }
  }

  /** @throws AwsError ClusterNotFoundException, ClientException, InvalidParameterException, ConflictException */
  runTask(request: RunTaskRequest): { tasks: JsonObject[]; failures: Failure[] } {
    const clusterName = this.#clusterName(request.cluster);
    const definition = this.#definition(request.taskDefinition);
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
        this.#closed ? 'refused' : this.#starts.fate(subnets),
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
    const clusterName = this.#clusterName(request.cluster);
    const entry = this.#tasks.get(lastPart(request.task ?? ''));
    if (!entry || entry.task.clusterName !== clusterName) {
      throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
    }
    this.#stop(entry, request.reason ?? 'Task stopped by user');
    return { task: taskOfApi(entry.task) };
  }

  describeTasks(request: { cluster?: string; tasks?: string[]; include?: string[] }): {
    tasks: JsonObject[];
    failures: Failure[];
  } {
    const clusterName = this.#clusterName(request.cluster);
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
    const clusterName = this.#clusterName(request.cluster);
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
    return this.#definitions.get(familyOf(id));
  }

  /** @returns the task, for its metadata endpoint */
  find(taskId: string): Task | undefined {
    return this.#tasks.get(taskId)?.task;
  }

  /** Takes no more tasks, as one who is too busy: they may be asked for again. Stops those there are. */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    await this.stopAll(reason);
  }

  /** Stops every task, each in its own time. */
  async stopAll(reason: string): Promise<void> {
    const open = [...this.#tasks.values()].filter(({ task }) => task.lastStatus !== 'STOPPED');
    for (const entry of open) this.#stop(entry, reason);
    await Promise.all(open.map(({ process }) => process?.exited));
  }

  killAll(): void {
    for (const { task, process } of this.#tasks.values()) if (task.lastStatus !== 'STOPPED') process?.kill();
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
      clusterArn: this.#clusters.get(clusterName) as string,
      definition,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      version: 0,
      createdAt: Date.now(),
      group: request.group ?? `family:${definition.family}`,
      ...(request.startedBy !== undefined && { startedBy: request.startedBy }),
      tags: request.tags ?? [],
      overrides: (request.overrides ?? {}) as JsonObject,
    };
    const entry: Entry = { task, process: undefined };
    this.#tasks.set(id, entry);
    this.#changed(task);
    const { placedMs, pulledMs, runningMs } = phasesOf(this.#starts.delayMs());
    const pending = () => {
      task.lastStatus = 'PENDING';
      task.pullStartedAt = Date.now();
      this.#changed(task);
    };
    const run = () => {
      if (fails) {
        this.#stopped(task, 'TaskFailedToStart', undefined, noImage);
        return;
      }
      task.pullStoppedAt = Math.round(task.createdAt + pulledMs);
      this.#run(entry, definition, request);
    };
    if (runningMs === 0) {
      pending();
      run();
      return task;
    }
    entry.timer = setTimeout(() => {
      pending();
      entry.timer = setTimeout(run, runningMs - placedMs);
    }, placedMs);
    return task;
  }

  #run(entry: Entry, definition: LocalTaskDefinition, request: RunTaskRequest): void {
    const { task } = entry;
    try {
      entry.process = this.#spawn(task, definition, request);
    } catch (error) {
      this.#stopped(task, 'TaskFailedToStart', undefined, (error as Error).message);
      return;
    }
    void entry.process.exited.then(({ exitCode, reason }) => {
      const code: StopCode =
        task.stopCode ?? (exitCode === undefined ? 'TaskFailedToStart' : 'EssentialContainerExited');
      this.#stopped(task, code, exitCode, reason ?? 'Essential container in task exited');
    });
    if (entry.process.pid === undefined) return;
    task.lastStatus = 'RUNNING';
    task.startedAt = Date.now();
    this.#changed(task);
  }

  #spawn(task: Task, { imageDirectory }: LocalTaskDefinition, request: RunTaskRequest): TaskProcess {
    this.#options.authorizeStart(task.definition);
    const container = onlyContainer(task.definition);
    const override = request.overrides?.containerOverrides?.find(({ name }) => name === container.name);
    const overridden = Object.fromEntries(
      (override?.environment ?? []).map(({ name, value }) => [name, value]),
    );
    const secrets = Object.entries(container.secrets).map(([name, from]) => [
      name,
      this.#options.secretValue(from),
    ]);
    const common = this.#options.variables();
    return new TaskProcess({
      command: this.#options.commandOf(task.definition, imageDirectory(container.image)),
      environment: {
        ...common,
        AWS_ACCESS_KEY_ID: accessKeyOf(task.definition.taskRole),
        ECS_CONTAINER_METADATA_URI_V4: `${common.AWS_ENDPOINT_URL}/v4/${task.id}`,
        ...this.#resolved(container.environment),
        ...Object.fromEntries(secrets),
        ...overridden,
      },
      cwd: this.#options.dir,
      logFile: this.#logFile(task.id),
      onGroup: this.#options.onGroup,
    });
  }

  #resolved(environment: Record<string, string>): Record<string, string> {
    const names = this.#options.names();
    return Object.fromEntries(
      Object.entries(environment).map(([variable, value]) => [variable, names[value] ?? value]),
    );
  }

  #stop({ task, process, timer }: Entry, reason: string): void {
    if (task.desiredStatus === 'STOPPED') return;
    clearTimeout(timer);
    task.desiredStatus = 'STOPPED';
    task.stopCode = 'UserInitiated';
    task.stoppedReason = reason;
    task.stoppingAt = Date.now();
    this.#changed(task);
    if (process) process.stop(onlyContainer(task.definition).stopTimeoutSec);
    else this.#stopped(task, 'UserInitiated', undefined, reason);
  }

  #stopped(task: Task, code: StopCode, exitCode: number | undefined, reason: string): void {
    task.desiredStatus = 'STOPPED';
    task.lastStatus = 'STOPPED';
    task.stopCode = code;
    task.stoppedReason ??= reason;
    task.stoppedAt = Date.now();
    if (exitCode !== undefined) task.exitCode = exitCode;
    this.#changed(task);
    this.#forgetOldest();
  }

  #logFile(taskId: string): string {
    return join(this.#options.dir, 'logs', `task-${taskId}.log`);
  }

  #forgetOldest(): void {
    const stopped = [...this.#tasks.values()].filter(({ task }) => task.lastStatus === 'STOPPED');
    for (const { task } of stopped.slice(0, -maxStoppedTasks)) {
      this.#tasks.delete(task.id);
      rmSync(this.#logFile(task.id), { force: true });
    }
  }

  #changed(task: Task): void {
    task.version++;
    this.#options.publish('ECS Task State Change', taskOfEvent(task), task.arn);
  }

  #clusterName(cluster = 'default'): string {
    const name = lastPart(cluster);
    if (!this.#clusters.has(name)) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
    return name;
  }

  #definition(id = ''): LocalTaskDefinition {
    const definition = this.definition(id);
    if (!definition) throw new AwsError('ClientException', `Unable to find task definition ${id}.`);
    return definition;
  }
}
