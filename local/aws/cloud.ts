import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SynthesizedStack } from './assets.ts';
import { provisionTables, sweepExpired } from './dynamodb.ts';
import { type EcsService, readServices } from './ecs/services.ts';
import type { StartPlan } from './ecs/start-plan.ts';
import { containerMetadata, taskMetadata } from './ecs/task.ts';
import { onlyContainer, type TaskDefinition } from './ecs/task-definition.ts';
import type { Command } from './ecs/task-process.ts';
import { EcsTasks } from './ecs/tasks.ts';
import { Endpoint, type Operation } from './endpoint.ts';
import { EventBuses } from './events/bus.ts';
import { accessKeyOf, Permissions } from './iam/permissions.ts';
import { region } from './identity.ts';
import type { PoolLimits } from './lambda/function-pool.ts';
import { LambdaFunctions } from './lambda/functions.ts';
import { Queues } from './queues.ts';
import { resourceTypes } from './resource-types.ts';
import { Secrets, secretArnIn } from './secrets.ts';
import { type JsonObject, type ResolvedStack, resolveTemplate } from './template.ts';

export interface LocalCloudOptions {
  stack: SynthesizedStack;
  /** URL of the table engine. */
  dynamoDbEndpoint: string;
  /** Where this run writes: logs/, queues/. */
  dir: string;
  /** Whether secrets and accepted events are kept in `dir` for the next run. */
  keep: boolean;
  /** The generated part of secrets, in the place of a random one. */
  secret?: string | undefined;
  /** @returns what runs in the place of a container image, whose directory is given */
  commandOf: (definition: TaskDefinition, imageDirectory: string) => Command;
  /** How tasks start: at once unless given. */
  starts?: StartPlan | undefined;
  /** What DNS tells containers: name → address. */
  names?: () => Record<string, string>;
  /** Address of the endpoint; port 0 takes a free one. */
  host: string;
  port: number;
  limits?: PoolLimits;
  retryDelaysMs?: readonly number[];
  onGroup?: (groupId: number, running: boolean) => void;
  /**
   * Sends the functions' requests for the table by the endpoint, where their permissions are checked as all others
   * are. It costs a hop, so it is for tests.
   */
  checkTableAccess?: boolean;
}

/** What every process of the local cloud needs to use it by the AWS SDK. The credentials are checked by nobody. */
export function sdkVariables(endpoint: string, dynamoDbEndpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDbEndpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    // Otherwise the SDK would look for a region and credentials in files of the person who runs this.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

const sweepEveryMs = 60_000;

/** The AWS of one machine, made from a synthesized template. */
export interface LocalCloud {
  stack: ResolvedStack;
  /** URL for `AWS_ENDPOINT_URL`. */
  endpoint: string;
  /** Kept when every function has an environment that waits for work. */
  warm: Promise<void>;
  functions: LambdaFunctions;
  buses: EventBuses;
  tasks: EcsTasks;
  services: readonly EcsService[];
  secrets: Secrets;
  queues: Queues;
  close: () => Promise<void>;
}

/**
 * Provisions the stack and starts to serve it.
 * @throws UnsupportedError naming what the template asks and the local cloud has not
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const endpoint = await Endpoint.open(options.host, options.port);
  try {
    return await serveStack(options, endpoint);
  } catch (error) {
    await endpoint.close();
    throw error;
  }
}

async function serveStack(options: LocalCloudOptions, endpoint: Endpoint): Promise<LocalCloud> {
  const { stack: synthesized, dynamoDbEndpoint, dir, keep } = options;
  const stack = resolveTemplate(synthesized.name, synthesized.template, resourceTypes(synthesized.name));
  const { resources } = stack;
  const logDir = join(dir, 'logs');
  const queueDir = join(dir, 'queues');
  for (const needed of [logDir, queueDir]) mkdirSync(needed, { recursive: true });

  const permissions = new Permissions(resources);
  const queues = new Queues({ resources, dir: queueDir });
  const deadLetter = (arn: string, record: JsonObject) => queues.send(arn, record);
  const secrets = new Secrets({
    resources,
    file: keep ? join(dir, 'secrets.json') : undefined,
    generated: options.secret,
  });

  const variables = sdkVariables(endpoint.url, options.checkTableAccess ? endpoint.url : dynamoDbEndpoint);
  const functions = new LambdaFunctions({
    resources,
    codeDirectory: synthesized.codeDirectory,
    logDir,
    variables,
    deadLetter,
    journalFile: keep ? join(dir, 'events.jsonl') : undefined,
    ...(options.limits && { limits: options.limits }),
    ...(options.retryDelaysMs && { retryDelaysMs: options.retryDelaysMs }),
  });
  const buses = new EventBuses({
    resources,
    invokeAsync: (arn, payload) => functions.invokeAsync(arn, payload),
    deadLetter,
  });
  const tasks = new EcsTasks({
    resources,
    commandOf: (definition) =>
      options.commandOf(definition, synthesized.imageDirectory(onlyContainer(definition).image)),
    variables: () => ({
      ...variables,
      PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
      TMPDIR: dir,
    }),
    names: options.names ?? (() => ({})),
    secretValue: (from, executionRole) => {
      const resource = secretArnIn(from);
      permissions.check(accessKeyOf(executionRole), { action: 'secretsmanager:GetSecretValue', resource });
      return secrets.containerValue(from);
    },
    publish: (detailType, detail, arn) => buses.publish('aws.ecs', detailType, detail, [arn]),
    starts: options.starts,
    dir,
    onGroup: options.onGroup,
  });
  await provisionTables(dynamoDbEndpoint, resources);
  endpoint.serve({
    functions,
    operations: operations({ buses, tasks, secrets }),
    get: (path) => metadata(tasks, path),
    dynamoDbEndpoint,
    authorize: (accessKeyId, needed) => permissions.check(accessKeyId, needed),
  });
  const warm = functions.start();
  buses.start();
  const sweeper = setInterval(() => {
    for (const table of resources.filter(({ type }) => type === 'AWS::DynamoDB::Table')) {
      // A table that is down is told of by whoever needs it now; the sweep comes again.
      sweepExpired(dynamoDbEndpoint, table, Math.floor(Date.now() / 1000)).catch(() => undefined);
    }
  }, sweepEveryMs);

  return {
    stack,
    endpoint: endpoint.url,
    warm,
    functions,
    buses,
    tasks,
    services: readServices(resources),
    secrets,
    queues,
    close: async () => {
      clearInterval(sweeper);
      buses.stop();
      await functions.stop();
      await endpoint.close();
    },
  };
}

/** The operations served, by service and name as they stand on the wire. */
function operations({ buses, tasks, secrets }: { buses: EventBuses; tasks: EcsTasks; secrets: Secrets }) {
  const ecs = 'AmazonEC2ContainerServiceV20141113';
  return {
    'AWSEvents.PutEvents': (request, bytes) => {
      const results = buses.putEvents((request.Entries ?? []) as [], bytes);
      return {
        FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
        Entries: results,
      };
    },
    [`${ecs}.RunTask`]: (request) => tasks.runTask(request),
    [`${ecs}.StopTask`]: (request) => tasks.stopTask(request),
    [`${ecs}.DescribeTasks`]: (request) => tasks.describeTasks(request as { tasks?: string[] }),
    [`${ecs}.ListTasks`]: (request) => tasks.listTasks(request),
    'secretsmanager.GetSecretValue': (request) => secrets.getSecretValue(request),
    'secretsmanager.PutSecretValue': (request) => secrets.putSecretValue(request),
  } satisfies Record<string, Operation>;
}

/** The task metadata endpoint (version 4): `/v4/{task id}` and `/v4/{task id}/task`. */
function metadata(tasks: EcsTasks, path: string): JsonObject | undefined {
  const [, id, rest] = /^\/v4\/([0-9a-f]{32})(\/task)?$/.exec(path) ?? [];
  const task = id === undefined ? undefined : tasks.find(id);
  if (!task) return undefined;
  return rest ? taskMetadata(task) : containerMetadata(task);
}
