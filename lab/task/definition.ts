import type { JsonObject, Resource } from '../../local/aws/template.ts';

/** A container as the template has it, with all that decides how it starts and ends. */
export interface ContainerDefinition {
  name: string;
  image: string;
  entryPoint: readonly string[];
  command: readonly string[];
  environment: Record<string, string>;
  secrets: Record<string, string>;
  essential: boolean;
  /** Names of those that start before it, and end after it. */
  after: readonly string[];
  restarts: boolean;
  stopTimeoutSec: number;
  /** Volume → where it is mounted. */
  volumes: Record<string, string>;
  healthCheck: HealthCheck | undefined;
}

export interface HealthCheck {
  command: readonly string[];
  intervalSec: number;
  timeoutSec: number;
  retries: number;
  startPeriodSec: number;
}

const list = <T = JsonObject>(value: unknown) => (value ?? []) as T[];

function readContainer(container: JsonObject): ContainerDefinition {
  const pairs = (key: string, value: string) =>
    Object.fromEntries(list(container[key]).map((one) => [String(one.Name), String(one[value])]));
  const check = container.HealthCheck as JsonObject | undefined;
  return {
    name: String(container.Name),
    image: String(container.Image),
    entryPoint: list<string>(container.EntryPoint),
    command: list<string>(container.Command),
    environment: pairs('Environment', 'Value'),
    secrets: pairs('Secrets', 'ValueFrom'),
    essential: container.Essential !== false,
    after: list(container.DependsOn).map((one) => String(one.ContainerName)),
    restarts: (container.RestartPolicy as JsonObject | undefined)?.Enabled === true,
    stopTimeoutSec: Number(container.StopTimeout ?? 30),
    volumes: Object.fromEntries(
      list(container.MountPoints).map((one) => [String(one.SourceVolume), String(one.ContainerPath)]),
    ),
    healthCheck: check && {
      command: list<string>(check.Command).slice(1),
      intervalSec: Number(check.Interval ?? 30),
      timeoutSec: Number(check.Timeout ?? 5),
      retries: Number(check.Retries ?? 3),
      startPeriodSec: Number(check.StartPeriod ?? 0),
    },
  };
}

/** @returns the containers in the order in which they start */
export function readContainers({ properties }: Resource): ContainerDefinition[] {
  const containers = list(properties.ContainerDefinitions).map(readContainer);
  const ordered: ContainerDefinition[] = [];
  const place = (container: ContainerDefinition) => {
    if (ordered.includes(container)) return;
    for (const other of containers.filter(({ name }) => container.after.includes(name))) place(other);
    ordered.push(container);
  };
  for (const container of containers) place(container);
  return ordered;
}
