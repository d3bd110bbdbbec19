import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { CallView } from '../../../contracts/api/views.ts';
import type { AllocateGateway, RegisterCommand } from '../../../contracts/commands.ts';
import { consumedByCalls, consumedByFleet, edgeEventSource, type Fact } from '../../../contracts/facts.ts';
import { queueRestMs } from '../../../lambdas/usecases/waiting-queue.ts';
import { agentUri } from '../../../local/aws/ecs/agent.ts';
import { type EcsService, readServices } from '../../../local/aws/ecs/services.ts';
import {
  containerNamed,
  readTaskDefinition,
  type TaskDefinition,
} from '../../../local/aws/ecs/task-definition.ts';
import { accessKeyOf } from '../../../local/aws/iam/permissions.ts';
import { arn } from '../../../local/aws/identity.ts';
import type { JsonObject, Resource } from '../../../local/aws/template.ts';
import { appContainer } from '../../../local/run/edge.ts';
import { type ApiAnswer, type ApiRequest, apiEvent } from '../../support/api-event.ts';
import { until } from '../../support/until.ts';
import type { TestCloud } from '../aws/test-cloud.ts';
import { emptyTable } from './empty-table.ts';

type Bare<F> = F extends Fact ? Omit<F, 'version' | 'id' | 'at' | 'edgeId'> : never;
type Command = 'REGISTER_FUNCTION' | 'ALLOCATE_FUNCTION' | 'CALLS_FUNCTION';

/** The container of a gateway's task. */
export const gatewayContainer = 'gateway';

export const peer = { address: '127.0.0.1', port: 5060, protocol: 'udp' } as const;

/**
 * The control plane of a stack as its edge uses it: in the edge's role, by the names that the edge's variables give.
 * Whatever goes wrong unseen, a refusal or a dead letter, ends the wait for what will now not come.
 */
export class ControlPlane {
  readonly edgeId = `edge-${randomUUID().slice(0, 8)}`;
  /** The resources of the template that it is held to. */
  readonly resources: readonly Resource[];
  troubles: string[] = [];
  letters: JsonObject[] = [];
  readonly edge: TaskDefinition;
  readonly environment: Record<string, string>;
  readonly agentUri: string;
  readonly cloud: TestCloud;
  /** Types of facts, each with the queue or function that it does not reach. */
  readonly #untaken = new Map<string, string>();
  readonly #lambda: LambdaClient;
  readonly #bus: EventBridgeClient;
  /** What goes on in the cloud from here on is another's. */
  #isClosed = false;
  /** When a gateway was last seen to register, or may have been before this. */
  #registeredAt = performance.now();

  /** @throws where the template has no edge */
  constructor(cloud: TestCloud, resources: readonly Resource[] = cloud.stack.resources) {
    this.cloud = cloud;
    this.resources = resources;
    const { definition, clusterName } = this.serviceWith(appContainer);
    this.edge = definition;
    this.agentUri = agentUri(cloud.endpoint, definition.taskRole, clusterName, this.edgeId);
    this.environment = containerNamed(this.edge, appContainer).environment;
    const client = this.as(this.edge.taskRole);
    this.#lambda = new LambdaClient(client);
    this.#bus = new EventBridgeClient(client);
    const consumers: [string, readonly string[]][] = [
      [arn('sqs', cloud.stack.outputs.CallsQueue ?? ''), consumedByCalls],
      [arn('sqs', cloud.stack.outputs.FleetQueue ?? ''), consumedByFleet],
      // At the head of the queue: not by way of the queue alone.
      [arn('lambda', `function:${this.fleet}`), ['call.waiting']],
    ];
    cloud.buses.observe(({ source, 'detail-type': type }, _bus, takers) => {
      if (this.#isClosed || source !== edgeEventSource) return;
      const targets = JSON.stringify(
        this.resources
          .filter(({ logicalId }) => takers.includes(logicalId))
          .map(({ properties }) => properties.Targets ?? []),
      );
      for (const [name, consumed] of consumers) {
        if (consumed.includes(type) && !targets.includes(`${name}"`)) {
          this.#untaken.set(type, name);
        }
      }
    });
    cloud.permissions.observe((denial) => {
      if (!this.#isClosed) this.troubles.push(denial);
    });
    cloud.queues.observeLetters((queue, body) => {
      if (this.#isClosed) return;
      this.letters.push({ queue, body: JSON.parse(body) as JsonObject });
      this.troubles.push(`a dead letter in ${queue}: ${body}`);
    });
  }

  /** @throws where the template has no service with a container of this name */
  serviceWith(container: string): EcsService {
    const found = readServices(this.resources).find(({ definition }) =>
      definition.containers.some(({ name }) => name === container),
    );
    if (!found) throw new Error(`the template has no service with a container ${container}`);
    return found;
  }

  /** How a gateway is started. */
  get gatewayDefinition(): TaskDefinition {
    const definitions = this.resources.filter(({ type }) => type === 'AWS::ECS::TaskDefinition');
    const found = definitions
      .map(readTaskDefinition)
      .find(({ containers }) => containers.some(({ name }) => name === gatewayContainer));
    if (!found) throw new Error('the template has no task definition of a gateway');
    return found;
  }

  get fleet(): string {
    return this.cloud.stack.outputs.FleetFunction ?? '';
  }

  /** Lets the clock fire. @throws where that does not start the function */
  tick(functionName: string): void {
    const started = this.cloud.buses.fireSchedules();
    if (!started.some((arn) => arn.endsWith(`:${functionName}`))) {
      throw new Error(`no schedule starts ${functionName}`);
    }
  }

  /** Configuration of an SDK client in a role. */
  as(role: string) {
    const credentials = this.cloud.credentialsOf(accessKeyOf(role));
    return { ...this.cloud.client, credentials, maxAttempts: 1 };
  }

  close(): void {
    this.#isClosed = true;
    this.#lambda.destroy();
    this.#bus.destroy();
  }

  /** @throws Error naming the function, with what it failed of */
  async command<T>(variable: Command, command: object): Promise<T> {
    const FunctionName = this.environment[variable];
    if (!FunctionName) throw new Error(`the edge's variable ${variable} is missing`);
    const { Payload, FunctionError } = await this.#lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(command) }),
    );
    if (variable === 'REGISTER_FUNCTION') this.#registeredAt = performance.now();
    const text = Buffer.from(Payload ?? []).toString();
    if (FunctionError) throw new Error([`${FunctionName} failed: ${text}`, ...this.troubles].join('\n'));
    return JSON.parse(text);
  }

  /**
   * As API Gateway asks the `api` function for people. @param target path and query, below `/v1`
   * @throws Error that says what the function failed of, which API Gateway would not
   */
  async api<T>(target: string, request: ApiRequest = {}): Promise<T> {
    const name = `${this.cloud.stack.name}-api`;
    const result = await this.cloud.functions.invoke(name, JSON.stringify(apiEvent(target, request)));
    const answer = result.kind === 'answer' ? (JSON.parse(result.payload) as ApiAnswer) : undefined;
    if (answer?.statusCode === 200) return JSON.parse(answer.body);
    throw new Error([`${name} failed on ${target}: ${JSON.stringify(result)}`, ...this.troubles].join('\n'));
  }

  async callState(callId: string): Promise<string | undefined> {
    const { items } = await this.api<{ items: CallView[] }>(`/calls?callId=${callId}`);
    return items[0]?.state;
  }

  /** @param more when it happened (epoch ms) and which edge says so, where not now and not this one */
  async tell(fact: Bare<Fact>, more: { at?: number; edgeId?: string } = {}): Promise<void> {
    const detail = { version: 1, id: randomUUID(), at: Date.now(), edgeId: this.edgeId, ...fact, ...more };
    await this.put(fact.type, detail);
  }

  async put(type: string, detail: object): Promise<void> {
    const EventBusName = this.environment.BUS_NAME;
    if (!EventBusName) throw new Error("the edge's variable BUS_NAME is missing");
    const entry = { Source: edgeEventSource, DetailType: type, Detail: JSON.stringify(detail), EventBusName };
    const { Entries } = await this.#bus.send(new PutEventsCommand({ Entries: [entry] }));
    const [result] = Entries ?? [];
    if (result?.ErrorCode) throw new Error(`${EventBusName}: ${result.ErrorMessage}`);
    this.#findMapping(type);
    const missed = this.#untaken.get(type);
    if (missed !== undefined) throw new Error(`no rule of ${EventBusName} takes ${type} to ${missed}`);
  }

  /** @throws where the facts stay in their queue */
  #findMapping(type: string): void {
    const { CallsQueue = '', FleetQueue = '' } = this.cloud.stack.outputs;
    const isConsumed = (types: readonly string[]) => types.includes(type);
    for (const [queue, consumed] of [
      [CallsQueue, consumedByCalls],
      [FleetQueue, consumedByFleet],
    ] as const) {
      const isMapped = this.resources.some(
        (one) =>
          one.type === 'AWS::Lambda::EventSourceMapping' &&
          one.properties.EventSourceArn === arn('sqs', queue),
      );
      if (isConsumed(consumed) && !isMapped) throw new Error(`no function takes ${type} out of ${queue}`);
    }
  }

  /** Waits, but not for what trouble has made impossible. */
  async until(what: string, probe: () => unknown): Promise<void> {
    await until(what, async () => {
      if (this.troubles.length > 0) throw new Error([`not to be: ${what}`, ...this.troubles].join('\n'));
      return Boolean(await probe());
    });
  }

  get table(): Resource {
    const table = this.cloud.stack.resources.find(({ type }) => type === 'AWS::DynamoDB::Table');
    if (!table) throw new Error('the template has no table');
    return table;
  }

  /** Waits until a gateway that registers looks for waiting calls again, however short ago another has. */
  async queueIsRead(): Promise<void> {
    // A clock of whole milliseconds says so one later.
    await delay(Math.max(0, this.#registeredAt + queueRestMs + 1 - performance.now()));
  }

  /** Waits until nothing goes on any more: no task ends, and no function is at an event. */
  async settle(): Promise<void> {
    const { tasks, events, stack } = this.cloud;
    const cluster = stack.outputs.Cluster as string;
    await this.until('what goes on is done', () => {
      const ids = tasks.listTasks({ cluster, desiredStatus: 'STOPPED' }).taskArns;
      const ending = tasks.describeTasks({ cluster, tasks: ids }).tasks;
      return events.open === 0 && ending.every(({ lastStatus }) => lastStatus === 'STOPPED');
    });
  }

  /** Ends the tasks that run, and empties the table, until neither makes more. */
  async clear(): Promise<void> {
    const cluster = this.cloud.stack.outputs.Cluster as string;
    for (;;) {
      const running = this.cloud.tasks.listTasks({ cluster }).taskArns;
      for (const task of running) this.cloud.tasks.stopTask({ cluster, task });
      await this.settle();
      await emptyTable(this.cloud.dynamoDbEndpoint, this.table.ref);
      // The end of a task lets the fleet start another, while a call still waits.
      if (running.length === 0) return;
    }
  }

  /** Does what must go wrong, and afterwards forgets that it did. */
  async expectingTrouble(work: () => Promise<void>): Promise<void> {
    await work();
    this.troubles = [];
    this.letters = [];
  }

  register(username: string, cseq = 1): RegisterCommand {
    return {
      command: 'registerGateway',
      username,
      registrationId: `registration-of-${username}`,
      cseq,
      contacts: [{ uri: `sip:${username}@127.0.0.1:5060`, expiresSec: 60 }],
      received: peer,
      edgeId: this.edgeId,
    };
  }

  allocate(callId: string, more: Partial<AllocateGateway> = {}): AllocateGateway {
    return {
      command: 'allocateGateway',
      callId,
      edgeId: this.edgeId,
      room: '1234',
      caller: { uri: 'sip:alice@example.org', received: peer },
      attempt: 1,
      failed: [],
      ...more,
    };
  }
}
