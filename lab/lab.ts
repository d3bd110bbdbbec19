import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signedHeaders } from '../command-line/sigv4.ts';
import { readSynthesizedStack, type SynthesizedStack } from '../local/aws/assets/assets.ts';
import { type LocalCloud, startLocalCloud } from '../local/aws/cloud.ts';
import { readTaskDefinition } from '../local/aws/ecs/task-definition.ts';
import type { Command } from '../local/aws/ecs/task-process.ts';
import { region } from '../local/aws/identity.ts';
import { gatewayCommand } from '../local/run/gateways.ts';
import type { Synthesized } from '../local/run/synthesize.ts';
import { startTableEngine } from '../local/run/table-engine.ts';
import { Agent } from './aws/agent.ts';
import { Deployed, type DeployedService } from './aws/deployed.ts';
import { ecsOperations } from './aws/ecs-operations.ts';
import { loadBalancing } from './aws/load-balancing.ts';
import { type Member, Service } from './aws/service.ts';
import { TargetGroup } from './aws/target-group.ts';
import { inNamespace, run } from './network/commands.ts';
import { NameServer } from './network/dns.ts';
import { Network } from './network/network.ts';
import { Places } from './network/places.ts';
import { awsAddress, core, nodeAddress, resolverAddress } from './network/plan.ts';
import { countersOf, type Interface, rulesOf } from './network/rules.ts';
import { readContainers } from './task/definition.ts';
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
  readonly #options: LabOptions;
  readonly #groups: { zone: number; address: string; securityGroup: string; group: TargetGroup }[] = [];
  readonly #interfaces: Interface[] = [];
  readonly #closing: (() => unknown)[] = [];
  #agent!: Agent;
  #stack!: SynthesizedStack;
  #api = '';
  readonly #turnAddresses: string[] = [];
  #isCutOff = false;
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
    return this.#groups.some(({ group }) => group.port === sipsPort);
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
    this.#isCutOff = isCutOff;
    this.#apply();
  }

  /** The calls as the API shows them, by the right of whoever runs the lab. */
  async calls(): Promise<{ state: string; outcome?: string }[]> {
    const list = async (path: string) => {
      const url = new URL(`${this.#api}/iam/v1${path}?limit=200`);
      const signer = { service: 'execute-api', region, credentials: this.cloud.credentialsOf() };
      const answer = await fetch(url, { headers: await signedHeaders(signer, 'GET', url) });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return ((await answer.json()) as { items: { state: string; outcome?: string }[] }).items;
    };
    // In this order: a call that ends meanwhile is in the second list.
    const live = await list('/calls/live');
    return [...live, ...(await list('/calls'))];
  }

  async openCalls(): Promise<number> {
    return (await this.calls()).filter(({ state }) => state === 'answered').length;
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
    const [version, service] = loadBalancing(() => this.#groups.map(({ group }) => group));
    this.cloud = await startLocalCloud({
      dynamoDbEndpoint: table.endpoint,
      dir: this.dir,
      keep: false,
      commandOf: (_definition, image) => this.#gatewayCommand(image),
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
    this.#api = outputs.ApiAddress ?? '';
    this.#agent = await Agent.open(awsAddress, this.cloud);
    this.#closing.push(() => this.#agent.close());
    const names = await NameServer.open(resolverAddress, (name) => this.#lookUp(name));
    this.#closing.push(() => names.close());
    for (const { zone, address, group: securityGroup, targetGroup } of this.deployed.listeners) {
      const group = new TargetGroup(targetGroup, nodeAddress(zone), () => this.#apply());
      this.#groups.push({ zone, address, securityGroup, group });
      this.#closing.push(() => group.close());
    }
    const elastic = [...new Set(this.#groups.map(({ address }) => address))];
    this.#nft(countersOf(this.deployed.network, elastic));
    this.#places = new Places(this.network, this.#agent.port, zones, this.#options.places);
    this.#startTurnServers();
    await this.cloud.functions.warm();
    for (const one of this.deployed.services) {
      const groups = this.#groups.flatMap(({ group }) =>
        one.targetGroups.includes(group.arn) ? [group] : [],
      );
      this.services.push(new Service(one, groups, (deployed) => this.#launch(deployed)));
    }
    if (this.services.length !== zones)
      throw new Error(`${this.services.length} services for ${zones} zones`);
  }

  #launch({ zone, cluster, group, definition }: DeployedService): Member {
    this.cloud.authorizeStart(readTaskDefinition(definition));
    const id = randomBytes(16).toString('hex');
    const place = this.#places.edge(zone);
    const { namespace, address } = place;
    this.#interfaces.push({ ...place, group });
    this.#apply();
    const member = { address, protectedUntil: 0 } as Member;
    this.#agent.add({
      id,
      cluster,
      role: String(definition.properties.TaskRoleArn),
      address,
      protect: (until) => {
        member.protectedUntil = until ?? 0;
      },
    });
    const task = new Task({
      id,
      namespace,
      // As on Fargate: the edge takes its name from it.
      hostname: `ip-${address.replaceAll('.', '-')}.ec2.internal`,
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

  #gatewayCommand(image: string): Command {
    const place = this.#places.gateway();
    this.#interfaces.push({ ...place, group: this.deployed.gatewayGroup });
    this.#apply();
    const { file, args } = gatewayCommand('auto', image);
    const [ip = '', ...rest] = inNamespace(place.namespace, [file, ...args]);
    return { file: ip, args: rest };
  }

  #startTurnServers(): void {
    for (const { zone, group, userData } of this.deployed.turnServers) {
      const place = this.#places.turnServer(zone);
      this.#interfaces.push({ ...place, group });
      this.#turnAddresses.push(place.address);
      const value = (arn: string) => this.cloud.secrets.containerValue(arn);
      const server = startTurnServer(place, userData, value, this.dir);
      this.#closing.push(() => server.kill());
    }
  }

  #lookUp(name: string) {
    const { names } = this.deployed;
    if (name === names.turn && this.#turnAddresses.length > 0)
      return { addresses: this.#turnAddresses, ttlSec: names.ttlSec };
    const edges = this.services.flatMap(({ healthyAddresses }) => healthyAddresses);
    return name === names.edges && edges.length > 0 ? { addresses: edges, ttlSec: names.ttlSec } : undefined;
  }

  #apply(): void {
    const { network, ingress } = this.deployed;
    const zones = Array.from({ length: this.#options.zones }, (_, index) => nodeAddress(index + 1));
    const cutOff = this.#isCutOff ? new URL(this.cloud.endpoint).host : undefined;
    const listeners = this.#groups.map(({ address, securityGroup, group }) => ({
      address,
      group: securityGroup,
      port: group.port,
      protocols: group.protocols,
      targets: group.serving,
    }));
    this.#nft(rulesOf({ network, nodes: zones, ingress, interfaces: this.#interfaces, listeners, cutOff }));
  }

  #nft(text: string): void {
    const [file = '', ...args] = inNamespace(core, ['nft', '-f', '-']);
    run(file, args, text);
  }
}
