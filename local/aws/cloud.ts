import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HttpApis } from './apigateway/http-apis.ts';
import { Tokens } from './apigateway/tokens.ts';
import type { Assets, SynthesizedStack } from './assets/assets.ts';
import { Buckets } from './assets/s3.ts';
import { uploadedAssets } from './assets/uploaded-assets.ts';
import type { LocalCloudOptions } from './cloud-options.ts';
import { ChangeSets } from './cloudformation/change-sets.ts';
import { cloudFormation } from './cloudformation/operations.ts';
import { Stacks } from './cloudformation/stacks.ts';
import { sweepRound } from './dynamodb/expiry.ts';
import { Tables } from './dynamodb/tables.ts';
import { Images } from './ecr/images.ts';
import type { TaskDefinition } from './ecs/task-definition.ts';
import { EcsTasks } from './ecs/tasks.ts';
import { ApiDestinations } from './events/api-destinations.ts';
import { EventBuses } from './events/bus.ts';
import { DeliveryStreams } from './firehose/delivery-streams.ts';
import { Endpoint } from './http/endpoint.ts';
import { PassThrough } from './http/pass-through.ts';
import { authorizeFunctions, neededToStartTask } from './iam/execution-roles.ts';
import { accessKeyOf, Permissions, personKey } from './iam/permissions.ts';
import type { Needed } from './iam/policy.ts';
import { type Credentials, Signatures } from './iam/signatures.ts';
import { EventSources } from './lambda/event-sources.ts';
import { LambdaFunctions } from './lambda/functions.ts';
import { eventsOf, type OpenEvents } from './lambda/open-events.ts';
import { metadata, operations } from './operations.ts';
import { Provisioner } from './provisioner.ts';
import { sdkVariables } from './sdk-variables.ts';
import { Secrets } from './secrets.ts';
import { Queues } from './sqs/queues.ts';
import { sts } from './sts.ts';
import type { ResolvedStack, Resource, Template } from './template.ts';

/** The AWS of one machine: empty at first, and made by deployments. */
export interface LocalCloud {
  /** URL for `AWS_ENDPOINT_URL`. `cdk deploy` may be pointed to it. */
  endpoint: string;
  /**
   * Deploys a stack from the directory that it was synthesized into.
   * @throws UnsupportedError naming what the template asks and the local cloud has not
   */
  deploy: (stack: SynthesizedStack) => Promise<ResolvedStack>;
  functions: LambdaFunctions;
  buses: EventBuses;
  tasks: EcsTasks;
  secrets: Secrets;
  queues: Queues;
  events: OpenEvents;
  tables: Tables;
  images: Images;
  permissions: Permissions;
  /** @param accessKeyId default: that of the person at this machine, who may do everything */
  credentialsOf: (accessKeyId?: string) => Credentials;
  /** What a process needs to use this cloud by the SDK, in a role or as the person at this machine. */
  variablesOf: (role?: string) => Record<string, string>;
  /** Issues what HTTP APIs take where their issuer is this machine. */
  tokens: Tokens;
  /** Throws AwsError where a task's execution role lacks what ECS needs to start it. */
  authorizeStart: (definition: TaskDefinition) => void;
  close: () => Promise<void>;
}

/**
 * Starts to serve a cloud that has no stack yet.
 * @throws the error of `listen`, such as EADDRINUSE
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const endpoint = await Endpoint.open(options.host, options.port);
  const { dynamoDbEndpoint, dir, keep, onUnwritable = () => {} } = options;
  const logDir = join(dir, 'logs');
  const queueDir = join(dir, 'queues');
  for (const needed of [logDir, queueDir]) mkdirSync(needed, { recursive: true });

  const permissions = new Permissions();
  const queues = new Queues({
    dir: queueDir,
    keep,
    maxReceiveCount: options.redelivery?.times,
    onUnwritable,
    onDamage: options.onDamage ?? (() => {}),
  });
  const secrets = new Secrets({
    file: keep ? join(dir, 'secrets.json') : undefined,
    generated: options.secret,
  });
  const tables = new Tables(dynamoDbEndpoint);

  const signatures = new Signatures();
  const credentialsOf = (accessKeyId = personKey) => signatures.credentialsOf(accessKeyId);
  const variablesOf = (role?: string) =>
    sdkVariables(endpoint.url, credentialsOf(role === undefined ? personKey : accessKeyOf(role)));
  const functions = new LambdaFunctions({
    logDir,
    variablesOf,
    shortWay: { engine: dynamoDbEndpoint, permissionsSince: permissions.since },
    ...(options.limits && { limits: options.limits }),
    ...(options.retryDelaysMs && { retryDelaysMs: options.retryDelaysMs }),
  });
  const eventSources = new EventSources({
    queues,
    redelivery: options.redelivery,
    invoke: (name, payload) => functions.invoke(name, payload),
    authorize: (accessKeyId, needed) => permissions.check(accessKeyId, needed),
  });
  const authorizeRole = (roleArn: string, needed: Needed) => permissions.check(accessKeyOf(roleArn), needed);
  const streams = new DeliveryStreams({
    dir: join(dir, 'streams'),
    file: options.streamFile,
    authorize: authorizeRole,
    onUnwritable,
  });
  const apiDestinations = new ApiDestinations({
    secretValue: (from) => secrets.containerValue(from),
    send: options.send,
    retryDelaysMs: options.retryDelaysMs,
  });
  const buses = new EventBuses({
    invokeAsync: (arn, payload) => functions.invokeAsync(arn, payload),
    send: (arn, body, attributes) => queues.send(arn, body, attributes),
    putRecord: (arn, record) => streams.put(arn, record),
    post: (arn, body) => apiDestinations.post(arn, body),
    authorize: (ruleArn, needed) => permissions.checkService('events.amazonaws.com', ruleArn, needed),
    authorizeRole,
  });
  const authorizeStart = (definition: TaskDefinition) => {
    const key = accessKeyOf(definition.executionRole);
    for (const needed of neededToStartTask(definition)) permissions.check(key, needed);
  };
  const tasks = new EcsTasks({
    commandOf: options.commandOf,
    variablesOf: (role) => ({
      ...variablesOf(role),
      PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
      TMPDIR: dir,
    }),
    addresses: options.taskAddresses,
    names: options.names ?? (() => ({})),
    secretValue: (from) => secrets.containerValue(from),
    authorizeStart,
    publish: (detailType, detail, arn) => buses.publish('aws.ecs', detailType, detail, [arn]),
    starts: options.starts,
    dir,
    file: keep ? join(dir, 'tasks.json') : undefined,
    onUnwritable,
    onGroup: options.onGroup,
  });

  const roles = { provision: (resources: readonly Resource[]) => authorizeFunctions(resources, permissions) };
  const tokens = await Tokens.open();
  const httpApis = new HttpApis({ functions, permissions, tokens, signatures });
  const provisioner = new Provisioner(
    [
      ...[permissions, roles, queues, secrets, tables, functions, eventSources, httpApis],
      ...[streams, apiDestinations, buses, tasks],
    ],
    endpoint.url,
  );
  const stacks = new Stacks(provisioner);
  const buckets = new Buckets(join(dir, 's3'));
  const images = new Images(join(dir, 'images'));
  const assets = uploadedAssets(join(dir, 'code'), buckets, images);
  const changeSets = new ChangeSets({ stacks, buckets, assets });
  const dynamoDb = new PassThrough(dynamoDbEndpoint);
  endpoint.serve({
    functions,
    httpApis,
    operations: new Map([
      ...operations({ buses, tasks, secrets, queues, images }),
      ...(options.operations ?? []),
    ]),
    queryServices: new Map([
      ['2010-05-15', cloudFormation({ stacks, changeSets, buckets })],
      ['2011-06-15', sts(signatures)],
      ...(options.queryServices ?? []),
    ]),
    buckets,
    get: (path) => metadata(tasks, path),
    dynamoDb,
    signatures,
    lookup: { taskDefinition: (id) => tasks.definition(id) },
    authorize: (accessKeyId, needed) => permissions.check(accessKeyId, needed),
  });
  const stopSweep = sweepRound(dynamoDbEndpoint, () => tables.all());

  return {
    endpoint: endpoint.url,
    deploy: ({ name, template, ...own }) => deployDirectly(stacks, name, template, own),
    functions,
    buses,
    tasks,
    secrets,
    queues,
    events: eventsOf(functions, eventSources),
    tables,
    images,
    permissions,
    credentialsOf,
    variablesOf,
    authorizeStart,
    tokens,
    close: async () => {
      stopSweep();
      buses.stop();
      await eventSources.stop();
      await functions.stop();
      queues.close();
      await endpoint.close();
      dynamoDb.close();
    },
  };
}

/** Deploys a synthesized stack as `cdk deploy` would, without the way over change sets and uploads. */
async function deployDirectly(
  stacks: Stacks,
  name: string,
  template: Template,
  assets: Assets,
): Promise<ResolvedStack> {
  const stack = stacks.find(name) ?? stacks.create(name);
  const body = JSON.stringify(template);
  const result = await stacks.deploy(stack, { body, template, parameters: {}, tags: [], assets });
  if (result instanceof Error) throw result;
  return result;
}
