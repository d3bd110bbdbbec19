import {
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  type ListTasksCommandOutput,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import type { EcsTask, Task } from '../domain/fleet/task.ts';

/** Where and how gateways run. */
export interface GatewayTasks {
  cluster: string;
  taskDefinition: string;
  capacityProvider: string;
  /** One a zone, for tasks with a network of their own (Fargate). None: tasks use their host's. */
  subnets: readonly string[];
  securityGroups: readonly string[];
}

/** `refused`: no task was made. `unsure`: throttled or no answer; the same request again is safe. */
export type RunResult =
  | { result: 'started'; task: EcsTask }
  | { result: 'refused' | 'unsure'; reason: string };

/** ECS, in terms of gateways. */
export interface GatewayEcs {
  /** How often a start may be refused before all zones have been tried. */
  zones: number;
  run(task: Task): Promise<RunResult>;
  /** @returns those that ECS knows; it forgets a task an hour after it stopped */
  describe(taskIds: readonly string[]): Promise<EcsTask[]>;
  /** Ids of the cluster's tasks that are to run, whoever started them. */
  list(): Promise<string[]>;
}

/** `startedBy` of a task that the fleet started, before the start's id. */
const startedByPrefix = 'switchroom-';
/** DescribeTasks and ListTasks take and give so many. */
const pageSize = 100;
/** Longest value of a tag that ECS keeps. */
const maxTagLength = 256;

const startIdIn = (startedBy: string | undefined) =>
  startedBy?.startsWith(startedByPrefix) ? startedBy.slice(startedByPrefix.length) : undefined;
const lastPart = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);

export function gatewayEcs(client: ECSClient, where: GatewayTasks): GatewayEcs {
  const { cluster } = where;
  return {
    zones: Math.max(1, where.subnets.length),
    async run(task) {
      try {
        const { tasks = [], failures = [] } = await client.send(new RunTaskCommand(request(task, where)));
        const [started] = tasks;
        if (started?.taskArn) return { result: 'started', task: fromApi(started) };
        const [failure] = failures;
        return { result: 'refused', reason: [failure?.reason, failure?.detail].filter(Boolean).join(': ') };
      } catch (error) {
        const { name, message } = error as Error;
        return { result: isDefinite(error) ? 'refused' : 'unsure', reason: `${name}: ${message}` };
      }
    },
    async describe(taskIds) {
      const found: EcsTask[] = [];
      for (let i = 0; i < taskIds.length; i += pageSize) {
        const { tasks = [] } = await client.send(
          new DescribeTasksCommand({ cluster, tasks: taskIds.slice(i, i + pageSize) }),
        );
        found.push(...tasks.map(fromApi));
      }
      return found;
    },
    async list() {
      const found: string[] = [];
      let nextToken: string | undefined;
      do {
        const page: ListTasksCommandOutput = await client.send(
          new ListTasksCommand({ cluster, maxResults: pageSize, ...(nextToken && { nextToken }) }),
        );
        found.push(...(page.taskArns ?? []).map(lastPart));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      return found;
    },
  };
}

/** The same for the same start, however often it is asked: else ECS refuses its token. */
function request({ startId, refusals, why, callId }: Task, where: GatewayTasks) {
  const { subnets, securityGroups } = where;
  // Any zone first; where that is refused, each zone by itself.
  const zone = refusals === 0 ? undefined : subnets[(refusals - 1) % Math.max(1, subnets.length)];
  return {
    cluster: where.cluster,
    taskDefinition: where.taskDefinition,
    count: 1,
    clientToken: `${startId}-${refusals}`,
    startedBy: `${startedByPrefix}${startId}`,
    capacityProviderStrategy: [{ capacityProvider: where.capacityProvider, weight: 1 }],
    enableECSManagedTags: true,
    tags: [
      { key: 'switchroom:why', value: why },
      ...(callId === undefined ? [] : [{ key: 'switchroom:call', value: tagValue(callId) }]),
    ],
    ...(subnets.length > 0
      ? {
          networkConfiguration: {
            awsvpcConfiguration: {
              subnets: zone === undefined ? [...subnets] : [zone],
              securityGroups: [...securityGroups],
              assignPublicIp: 'ENABLED' as const,
            },
          },
        }
      : {
          // One a host, whose network and devices it has; on the fullest that can, so that others empty.
          placementConstraints: [{ type: 'distinctInstance' as const }],
          placementStrategy: [{ type: 'binpack' as const, field: 'memory' }],
        }),
  };
}

/** Tags take letters, digits, spaces and `_ . : / = + - @`: a Call-ID may hold more. */
function tagValue(text: string): string {
  return text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '_').slice(0, maxTagLength);
}

/** ECS said no, and will say it again. A throttled request, or one without an answer, may have been carried out. */
function isDefinite(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500 && status !== 429 && !/Throttl|TooManyRequests|Limit/.test(name ?? '');
}

const msOf = (time: Time) => (time === undefined ? undefined : new Date(time).getTime());

type Time = Date | string | undefined;

/** What is read of a task as DescribeTasks and RunTask give it, or as an event does: there the times are text. */
export interface TaskSeen {
  taskArn?: string | undefined;
  startedBy?: string | undefined;
  lastStatus?: string | undefined;
  desiredStatus?: string | undefined;
  version?: number | undefined;
  createdAt?: Time;
  pullStartedAt?: Time;
  pullStoppedAt?: Time;
  startedAt?: Time;
  stoppedAt?: Time;
  stopCode?: string | undefined;
  stoppedReason?: string | undefined;
  containers?:
    | {
        exitCode?: number | undefined;
        networkInterfaces?: { privateIpv4Address?: string | undefined }[] | undefined;
      }[]
    | undefined;
}

export function fromApi(task: TaskSeen): EcsTask {
  const startId = startIdIn(task.startedBy);
  const exitCode = task.containers?.find((container) => container.exitCode !== undefined)?.exitCode;
  const addresses = (task.containers ?? []).flatMap(({ networkInterfaces = [] }) =>
    networkInterfaces.flatMap(({ privateIpv4Address }) => privateIpv4Address ?? []),
  );
  const times = {
    createdAt: msOf(task.createdAt),
    pullStartedAt: msOf(task.pullStartedAt),
    pullStoppedAt: msOf(task.pullStoppedAt),
    startedAt: msOf(task.startedAt),
    stoppedAt: msOf(task.stoppedAt),
  };
  return {
    taskId: lastPart(task.taskArn ?? ''),
    ...(startId !== undefined && { startId }),
    lastStatus: task.lastStatus ?? '',
    desiredStatus: task.desiredStatus ?? '',
    version: task.version ?? 0,
    ...Object.fromEntries(Object.entries(times).filter(([, at]) => at !== undefined)),
    ...(task.stopCode !== undefined && { stopCode: task.stopCode }),
    ...(task.stoppedReason !== undefined && { stoppedReason: task.stoppedReason }),
    ...(exitCode !== undefined && { exitCode }),
    ...(addresses.length > 0 && { addresses: [...new Set(addresses)] }),
  };
}
