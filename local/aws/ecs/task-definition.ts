import { UnsupportedError } from '../http/errors.ts';
import type { JsonObject, Resource } from '../template.ts';

/** A container of a task definition, as a process needs it. */
export interface ContainerDefinition {
  name: string;
  image: string;
  environment: Record<string, string>;
  /** Variable → ARN in Secrets Manager, `…:secret:name:jsonKey::`. */
  secrets: Record<string, string>;
  /** Where the `awslogs` driver writes what it says. */
  logGroup: string | undefined;
  /** Between SIGTERM and SIGKILL, seconds. */
  stopTimeoutSec: number;
}

export interface TaskDefinition {
  arn: string;
  family: string;
  cpu: string;
  memory: string;
  /** `awsvpc` for a task with a network of its own. */
  networkMode: string;
  /** The role of the container's process, and that by which ECS reads its secrets. */
  taskRole: string;
  executionRole: string;
  containers: ContainerDefinition[];
}

const defaultStopTimeoutSec = 30;

/** Reads an `AWS::ECS::TaskDefinition`. */
export function readTaskDefinition({ ref, properties }: Resource): TaskDefinition {
  const containers = (properties.ContainerDefinitions ?? []) as JsonObject[];
  const pairs = (list: unknown, value: string) =>
    Object.fromEntries(
      ((list ?? []) as JsonObject[]).map((entry) => [String(entry.Name), String(entry[value])]),
    );
  return {
    arn: ref,
    family: familyOf(ref),
    cpu: String(properties.Cpu ?? ''),
    memory: String(properties.Memory ?? ''),
    networkMode: String(properties.NetworkMode ?? 'bridge'),
    taskRole: String(properties.TaskRoleArn ?? ''),
    executionRole: String(properties.ExecutionRoleArn ?? ''),
    containers: containers.map((container) => ({
      name: String(container.Name),
      image: String(container.Image),
      environment: pairs(container.Environment, 'Value'),
      secrets: pairs(container.Secrets, 'ValueFrom'),
      logGroup: (container.LogConfiguration as { Options?: Record<string, string> } | undefined)?.Options?.[
        'awslogs-group'
      ],
      stopTimeoutSec: Number(container.StopTimeout ?? defaultStopTimeoutSec),
    })),
  };
}

/** @throws UnsupportedError where the definition has other than one container: a task is one process here */
export function onlyContainer({ family, containers }: TaskDefinition): ContainerDefinition {
  const [container] = containers;
  if (!container || containers.length > 1) {
    throw new UnsupportedError(`${family}: the local cloud runs tasks of exactly one container`);
  }
  return container;
}

/** @throws UnsupportedError where the definition has no container of this name */
export function containerNamed({ family, containers }: TaskDefinition, name: string): ContainerDefinition {
  const found = containers.find((container) => container.name === name);
  if (!found) throw new UnsupportedError(`${family}: the local cloud finds no container ${name}`);
  return found;
}

/** @param id ARN, `family:revision` or `family` */
export function familyOf(id: string): string {
  const last = id.slice(id.lastIndexOf('/') + 1);
  return last.split(':')[0] ?? last;
}
