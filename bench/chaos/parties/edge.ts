import { factSchema } from '../../../contracts/facts.ts';
import type { SrfRequest } from '../../../sip-edge/drachtio/srf.ts';
import type { Entry } from '../../../sip-edge/outbox/batch.ts';
import type { DeliveryResult } from '../../../sip-edge/outbox/sender.ts';
import { type Cloud, Unavailable } from '../aws/cloud.ts';
import type { EdgeMutation } from '../edge-mutations.ts';
import type { Sim } from '../sim.ts';
import type { Network } from '../sip/network.ts';
import { SipServer } from '../sip/server.ts';
import { Application } from './application.ts';
import { Disk } from './disk.ts';
import type { Registrar } from './registration.ts';

/** The edge's lease and its grace: silent for longer, it is lost, and so are its calls. */
export const edgeLostMs = (45 + 60) * 1000;

/** What is around an edge. */
export interface EdgeWorld {
  sim: Sim;
  cloud: Cloud;
  network: Network;
  mutation: EdgeMutation;
  onInvite(edge: Edge, request: SrfRequest): void;
  /** Something of it died, or what is between, or is there again. */
  onTrouble(edge: Edge): void;
  /** It has died before it could say something of a call. */
  onUntold(traceId: string): void;
  onDefect(what: string): void;
}

/** A SIP edge: its server, which holds dialogs, and its application, which may die alone. What it says outlives that. */
export class Edge implements Registrar {
  /** Tells it from one of before with its address. */
  readonly name: string;
  /** As it names itself, by its address. */
  readonly edgeId: string;
  server: SipServer;
  isAlive = true;
  isCutOff = false;
  /** When it last was told what it asks for. */
  renewedAt: number;
  /** The last time that its application, its server, the control plane, or what is between them, was gone. */
  troubledAt = Number.NEGATIVE_INFINITY;
  readonly #world: EdgeWorld;
  #disk = new Disk();
  #application: Application;
  #servers = 0;
  /** When it was silent for so long. */
  readonly #lost: { fromMs: number; untilMs: number }[] = [];

  constructor(name: string, edgeId: string, world: EdgeWorld) {
    this.name = name;
    this.edgeId = edgeId;
    this.#world = world;
    this.renewedAt = world.sim.nowMs;
    this.server = this.#startServer();
    this.#application = this.#startApplication();
  }

  get isReachable(): boolean {
    return this.isAlive && !this.isCutOff && this.server.serves;
  }

  get activeCalls(): number {
    return this.#application.activeCalls;
  }

  get keptCalls(): number {
    return this.#disk.calls.size;
  }

  /** @returns whether it counted as lost at any time between these two */
  wasLost(fromMs: number, untilMs: number): boolean {
    return this.#lost.some((gap) => gap.fromMs < untilMs && gap.untilMs > fromMs);
  }

  /** From now on the control plane cannot be reached, or can be again. */
  cutOff(isCutOff: boolean): void {
    this.isCutOff = isCutOff;
    this.#trouble();
  }

  /** Its application is killed, and starts again in place. */
  killApplication(): void {
    const { sim } = this.#world;
    const killed = this.#application;
    killed.kill();
    this.#trouble();
    sim.in(sim.between(1000, 6000), () => {
      if (this.isAlive && this.#application === killed) this.#application = this.#startApplication();
    });
  }

  /** The connection between the two breaks, and is made anew. */
  loseConnection(): void {
    const { sim } = this.#world;
    if (!this.server.serves) return;
    this.#trouble();
    this.#application.loseConnection();
    sim.in(sim.between(50, 1000), () => this.#connect());
  }

  /** The SIP server dies alone, and every dialog with it; another starts in its place. */
  killServer(): void {
    const { sim } = this.#world;
    this.#trouble();
    this.server.die();
    this.#application.loseConnection();
    sim.in(sim.between(500, 3000), () => {
      if (!this.isAlive) return;
      this.server = this.#startServer();
      this.#connect();
    });
  }

  /** Both die, and start again: the disk is as it was. */
  killBoth(): void {
    this.killServer();
    this.killApplication();
  }

  /** Both are gone, with their task and its disk. */
  die(): void {
    this.isAlive = false;
    this.#trouble();
    this.#application.kill();
    this.server.die();
    // That a caller has given up is on the disk as well, until it is told.
    const givenUp = [...this.#disk.calls.values()].filter(({ isCancelled }) => isCancelled);
    for (const { traceId } of [...this.#disk.facts.values(), ...givenUp])
      if (traceId) this.#world.onUntold(traceId);
  }

  #connect(): void {
    if (!this.isAlive || this.server.serves || !this.server.isAlive) return;
    this.#trouble();
    this.#application.connectTo(this.server);
  }

  #trouble(): void {
    this.troubledAt = this.#world.sim.nowMs;
    this.#world.onTrouble(this);
  }

  #startServer(): SipServer {
    this.#servers += 1;
    const { sim, network } = this.#world;
    return new SipServer(`${this.name}.${this.#servers}`, sim, network);
  }

  #startApplication(): Application {
    this.#trouble();
    const { sim, mutation, onInvite, onDefect } = this.#world;
    const application = new Application({
      edgeId: this.edgeId,
      ...{ sim, mutation, onDefect },
      disk: this.#disk,
      invoker: { command: (run) => this.#command(run) },
      deliver: (batch) => this.#deliver(batch),
      onInvite: (request) => onInvite(this, request),
      onRenewed: () => {
        if (sim.nowMs - this.renewedAt >= edgeLostMs)
          this.#lost.push({ fromMs: this.renewedAt, untilMs: sim.nowMs });
        this.renewedAt = sim.nowMs;
      },
    });
    if (this.server.isAlive) application.connectTo(this.server);
    return application;
  }

  async #command<T>(run: Parameters<Cloud['command']>[0]): Promise<T> {
    await this.#untilThere();
    return this.#world.cloud.command(run) as Promise<T>;
  }

  /** What is sent while it is cut off goes nowhere; its own limit ends the wait. */
  async #untilThere(): Promise<void> {
    if (!this.isCutOff) return;
    await this.#world.sim.sleep(5000);
    throw new Unavailable('cut off');
  }

  /** PutEvents: it fails before or after the bus has them, as a whole or for some. */
  async #deliver(batch: readonly Entry[]): Promise<DeliveryResult[]> {
    const { sim, cloud } = this.#world;
    await this.#untilThere();
    await sim.sleep(sim.between(5, 30));
    const { busFails } = cloud.weather;
    if (sim.chance(busFails / 3)) throw new Unavailable('before');
    const results = batch.map(({ detail }): DeliveryResult => {
      if (sim.chance(busFails / 3)) return { result: 'again', why: 'InternalFailure' };
      cloud.publish(factSchema.parse(JSON.parse(detail)));
      return { result: 'sent' };
    });
    await sim.sleep(sim.between(1, 10));
    if (sim.chance(busFails / 3)) throw new Unavailable('after');
    return results;
  }
}
