import { arn } from '../identity.ts';
import type { JsonObject } from '../template.ts';
import { onlyContainer, type TaskDefinition } from './task-definition.ts';

/** The states a task goes through here; Fargate has a few between that take no time on one machine. */
export type TaskStatus = 'PROVISIONING' | 'PENDING' | 'RUNNING' | 'DEPROVISIONING' | 'STOPPED';
export type StopCode = 'TaskFailedToStart' | 'EssentialContainerExited' | 'UserInitiated';

export interface Task {
  /** 32 hex digits, the last part of the ARN. */
  id: string;
  arn: string;
  clusterName: string;
  clusterArn: string;
  definition: TaskDefinition;
  lastStatus: TaskStatus;
  desiredStatus: 'RUNNING' | 'STOPPED';
  /** Rises with each change; an event's idempotency key. */
  version: number;
  createdAt: number;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  stopCode?: StopCode;
  stoppedReason?: string;
  exitCode?: number;
  group: string;
  startedBy?: string;
  tags: { key: string; value: string }[];
  /** Where it can be met; none where nobody has said. */
  addresses?: readonly string[];
  overrides: JsonObject;
}

export const taskArn = (clusterName: string, id: string) => arn('ecs', `task/${clusterName}/${id}`);

/** `RUNNING` while the process is there, for a container too. */
const containerStatus = ({ lastStatus }: Task) => (lastStatus === 'DEPROVISIONING' ? 'STOPPED' : lastStatus);

/** @param time how a point in time (epoch ms) is written: the API gives epoch seconds, events ISO text */
function describe(task: Task, time: (at: number) => number | string): JsonObject {
  const at = (name: string, value: number | undefined) =>
    value === undefined ? {} : { [name]: time(value) };
  return {
    taskArn: task.arn,
    clusterArn: task.clusterArn,
    taskDefinitionArn: task.definition.arn,
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    version: task.version,
    group: task.group,
    launchType: 'FARGATE',
    cpu: task.definition.cpu,
    memory: task.definition.memory,
    overrides: task.overrides,
    ...(task.startedBy !== undefined && { startedBy: task.startedBy }),
    ...at('createdAt', task.createdAt),
    ...at('pullStartedAt', task.pullStartedAt),
    ...at('pullStoppedAt', task.pullStoppedAt),
    ...at('startedAt', task.startedAt),
    ...at('stoppingAt', task.stoppingAt),
    ...at('stoppedAt', task.stoppedAt),
    ...(task.stopCode !== undefined && { stopCode: task.stopCode }),
    ...(task.stoppedReason !== undefined && { stoppedReason: task.stoppedReason }),
    containers: [
      {
        name: onlyContainer(task.definition).name,
        image: onlyContainer(task.definition).image,
        taskArn: task.arn,
        lastStatus: containerStatus(task),
        ...(task.addresses && {
          networkInterfaces: task.addresses.map((privateIpv4Address) => ({ privateIpv4Address })),
        }),
        ...(task.exitCode !== undefined && { exitCode: task.exitCode }),
      },
    ],
  };
}

/** A task as `DescribeTasks` gives it (API_Task); its tags only to who asks for them. */
export const taskOfApi = (task: Task, withTags = false) => ({
  ...describe(task, (at) => at / 1000),
  ...(withTags && { tags: task.tags }),
});

/** A task as an `ECS Task State Change` event tells of it (ecs_cwe_events). */
export const taskOfEvent = (task: Task) => describe(task, (at) => new Date(at).toISOString());

/** What a container reads at `${ECS_CONTAINER_METADATA_URI_V4}/task` (task metadata endpoint, version 4). */
export function taskMetadata(task: Task): JsonObject {
  return {
    Cluster: task.clusterArn,
    TaskARN: task.arn,
    Family: task.definition.family,
    Revision: '1',
    DesiredStatus: task.desiredStatus,
    KnownStatus: task.lastStatus,
    LaunchType: 'FARGATE',
    AvailabilityZone: 'local',
    Containers: [containerMetadata(task)],
  };
}

/** What a container reads at `$ECS_CONTAINER_METADATA_URI_V4`. */
export function containerMetadata(task: Task): JsonObject {
  return {
    Name: onlyContainer(task.definition).name,
    DockerName: onlyContainer(task.definition).name,
    Image: onlyContainer(task.definition).image,
    KnownStatus: task.lastStatus,
    DesiredStatus: task.desiredStatus,
    Labels: {
      'com.amazonaws.ecs.cluster': task.clusterArn,
      'com.amazonaws.ecs.task-arn': task.arn,
      'com.amazonaws.ecs.task-definition-family': task.definition.family,
      'com.amazonaws.ecs.task-definition-version': '1',
    },
    Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: ['127.0.0.1'] }],
  };
}
