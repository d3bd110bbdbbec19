import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer } from 'dns-packet';
import { readSynthesizedStack, type SynthesizedStack } from '../local/aws/assets/assets.ts';
import { type LocalCloud, startLocalCloud } from '../local/aws/cloud.ts';
import { readTaskDefinition } from '../local/aws/ecs/task-definition.ts';
import type { Command } from '../local/aws/ecs/task-process.ts';
import { region } from '../local/aws/identity.ts';
import type { Synthesized } from '../local/run/synthesize.ts';
import { startTableEngine } from '../local/run/table-engine.ts';
import { Agent } from './aws/agent.ts';
import { Deployed, type DeployedService } from './aws/deployed.ts';
import { ecsOperations } from './aws/ecs-operations.ts';
import { loadBalancing } from './aws/load-balancing.ts';
import { OperatorApi } from './aws/operator-api.ts';
import { PublicZone } from './aws/public-zone.ts';
import { type Member, Service } from './aws/service.ts';
import { TargetGroup } from './aws/target-group.ts';
import { imageGateway, sampleGateway } from './gateway.ts';
import { run } from './network/commands.ts';
import { Core } from './network/core.ts';
import { NameServer } from './network/dns.ts';
import { Network } from './network/network.ts';
import { Places } from './network/places.ts';
import { awsAddress, hostnameOf, nodeAddress, resolverAddress } from './network/plan.ts';
import { type ContainerDefinition, readContainers } from './task/definition.ts';
import { sipServerFiles } from './task/sip-server.ts';
import { Task } from './task/task.ts';
import { startTurnServer } from './turn.ts';

export interface LabOptions {
  synthesized: Synthesized;
  /** A drachtio; undefined: ours behind the same command line. */
  drachtio: string | undefined;
  zones: number;
  /** Gateways that are kept free. */
  minFree: number;
  /** Gateways that may be started, one after the other: each call takes one. */
  places: number;
  /** Root directory of the gateway's image, in which its container runs; undefined: our sample gateway. */
  gatewayImageRoot: string | undefined;
  /** What is deployed before it. */
  before: readonly SynthesizedStack[];
}

const sipsPort = 5061;

/** A deployment in a network shaped like AWS, built of its own template. */
export class Lab {
  readonly dir: string;
  readonly network: Network;
  readonly services: Service[] = [];
  cloud!: LocalCloud;
  deployed!: Deployed;
  api!: OperatorApi;
  publicZone!: PublicZone;
  readonly #options: LabOptions;
  readonly #closing: (() => unknown)[] = [];
  #agent!: Agent;
  #stack!: SynthesizedStack;
  readonly #turnAddresses: string[] = [];
  #core!: Core;
  #places!: Places;

  private constructor(options: LabOptions) {
    this.#options = options;
    this.dir = mkdtempSync(join(tmpdir(), 'switchroom-lab-'));
    this.network = new Network(options.zones);
  }

  /** @returns when all edges serve: no gateway has started yet */
  static async open(options: LabOptions): Promise<Lab> {
    const lab = new Lab(options);
    try {
      await lab.#start();
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const service of this.services) service.close();
    for (const close of this.#closing.splice(0).reverse()) await close();
  }

  /** Whether SIP over TLS is taken. */
  get hasTls(): boolean {
    return this.#core.balanced.some(({ group }) => group.port === sipsPort);
  }

  get #groups(): TargetGroup[] {
    return this.#core.balanced.map(({ group }) => group);
  }

  get minFree(): number {
    return this.#options.minFree;
  }

  /** How many calls an update meets: each takes a gateway, and some are to be left. */
  get callsOfUpdate(): number {
    return this.minFree - 2;
  }

  /** Takes the control plane away from the edges, or gives it back. */
  cutOff(isCutOff: boolean): void {
    this.#core.cutOff(isCutOff ? new URL(this.cloud.endpoint).host : undefined);
  }

  /** Stops the task of a gateway, as ECS does it. */
  stopGateway(task: string): void {
    this.cloud.tasks.stopTask({ cluster: this.deployed.gateways.cluster, task });
  }

  async #start(): Promise<void> {
    const { synthesized, zones } = this.#options;
    writeFileSync(
      join(this.dir, 'resolv.conf'),
      `nameserver ${resolverAddress}\noptions timeout:1 attempts:5\n`,
    );
    run('mount', ['--bind', join(this.dir, 'resolv.conf'), '/etc/resolv.conf']);
    const supervision = {
      signal: new AbortController().signal,
      onGroup: () => undefined,
      onDeath: () => undefined,
      onRestart: () => undefined,
      onUnwritable: () => undefined,
    };
    mkdirSync(join(this.dir, 'logs'));
    const table = await startTableEngine({ dir: this.dir, keep: false, supervision });
    this.#closing.push(() => table.stop());
    const [version, service] = loadBalancing(() => this.#groups);
    this.cloud = await startLocalCloud({
      dynamoDbEndpoint: table.endpoint,
      dir: this.dir,
      keep: false,
      commandOf: ({ arn }, imageDirectory) => this.#gatewayCommand(arn, imageDirectory),
      host: awsAddress,
      port: 0,
      operations: ecsOperations(() => this),
      queryServices: new Map([[version, service]]),
    });
    this.#closing.push(() => this.cloud.close());
    // The rules that start gateways are made after the edges (`DependsOn`).
    this.cloud.functions.holdEvents();
    this.#stack = readSynthesizedStack(synthesized.directory, synthesized.stackName);
    for (const stack of this.#options.before) await this.cloud.deploy(stack);
    const { resources, outputs } = await this.cloud.deploy(this.#stack);
    this.deployed = new Deployed(resources);
    this.#core = new Core(this.deployed, zones);
    this.api = new OperatorApi(outputs.ApiAddress ?? '', this.cloud.credentialsOf());
    this.#agent = await Agent.open(awsAddress, this.cloud);
    this.#closing.push(() => this.#agent.close());
    for (const { zone, address, group: securityGroup, targetGroup } of this.deployed.listeners) {
      const group = new TargetGroup(targetGroup, nodeAddress(zone), () => this.#core.apply());
      this.#core.balanced.push({ address, securityGroup, group });
      this.#closing.push(() => group.close());
    }
    this.publicZone = new PublicZone(this.deployed.resources, this.#groups);
    this.#closing.push(() => this.publicZone.close());
    const names = await NameServer.open(resolverAddress, (name) => this.#lookUp(name));
    this.#closing.push(() => names.close());
    this.#core.count();
    this.#places = new Places(this.network, this.#agent.port, zones, this.#options.places);
    this.#startTurnServers();
    await this.cloud.functions.warm();
    for (const one of this.deployed.services) {
      const groups = this.#groups.filter(({ arn }) => one.targetGroups.includes(arn));
      this.services.push(new Service(one, groups, (deployed) => this.#launch(deployed)));
    }
    if (this.services.length !== zones)
      throw new Error(`${this.services.length} services for ${zones} zones`);
  }

  #launch({ name, zone, cluster, group, definition }: DeployedService): Member {
    this.cloud.authorizeStart(readTaskDefinition(definition));
    const id = randomBytes(16).toString('hex');
    const place = this.#places.edge(zone);
    const { namespace, address } = place;
    this.#core.add({ ...place, group });
    const member = { address, protectedUntil: 0 } as Member;
    this.#agent.add({
      id,
      cluster,
      role: String(definition.properties.TaskRoleArn),
      address,
      mayProtect: () => this.services.find(({ deployed }) => deployed.name === name)?.mayProtect(id) ?? true,
      protect: (until) => {
        member.protectedUntil = until ?? 0;
      },
    });
    const task = new Task({
      id,
      namespace,
      hostname: hostnameOf(address),
      dir: join(this.dir, namespace),
      containers: readContainers(definition),
      contextOf: (image) => (/:[0-9a-f]{64}$/.test(image) ? this.#stack.imageDirectory(image) : undefined),
      secretValue: (from) => this.cloud.secrets.containerValue(from),
      // There is no DNS of AWS here.
      environment: { AWS_ENDPOINT_URL: this.cloud.endpoint, AWS_REGION: region },
      sipServer: sipServerFiles(this.#options.drachtio),
    });
    void task.ended.then(() => this.#agent.remove(id));
    return Object.assign(member, { task });
  }

  #gatewayCommand(definition: string, imageDirectory: () => string): Command {
    const { gatewayImageRoot } = this.#options;
    const place = this.#places.gateway();
    this.#core.add({ ...place, group: this.deployed.gateways.group });
    if (gatewayImageRoot === undefined) return sampleGateway(place.namespace, imageDirectory());
    const [container] = readContainers(this.deployed.named(definition));
    return imageGateway(place.namespace, container as ContainerDefinition, gatewayImageRoot);
  }

  #startTurnServers(): void {
    for (const { zone, group, userData } of this.deployed.turnServers) {
      const place = this.#places.turnServer(zone);
      this.#core.add({ ...place, group });
      this.#turnAddresses.push(place.address);
      const value = (arn: string) => this.cloud.secrets.containerValue(arn);
      const server = startTurnServer(place, userData, value, this.dir);
      this.#closing.push(() => server.kill());
    }
  }

  /** Private names first, as the resolver of the network knows them, then the public zone. */
  #lookUp(name: string): Answer[] | undefined {
    const { names } = this.deployed;
    const records = (addresses: readonly string[]) =>
      addresses.length === 0
        ? undefined
        : addresses.map((data) => ({ type: 'A' as const, name, ttl: names.ttlSec, data }));
    if (name === names.turn) return records(this.#turnAddresses);
    if (name === names.edges)
      return records(this.services.flatMap(({ healthyAddresses }) => healthyAddresses));
    return this.publicZone.lookUp(name);
  }
}
