import type { EcsTask } from '../../lambdas/domain/fleet/task.ts';
import { Cloud } from './aws/cloud.ts';
import type { Mutation } from './mutations.ts';
import { Edge } from './parties/edge.ts';
import { Gateway } from './parties/gateway.ts';
import type { TrueCall } from './parties/true-call.ts';
import { Sim } from './sim.ts';
import { drawWeather, fair, type Weather } from './weather.ts';

export interface DayOptions {
  seed: number;
  /** Instead of what the seed draws. */
  weather?: Partial<Weather>;
  mutation?: Mutation | undefined;
  /** How long things go wrong, minutes. */
  minutes: number;
}

/** Long enough for every bound: a lock 120 s, a lease 45 s and its grace 60 s, a fact 90 s, a start ten minutes. */
const quietMinutes = 20;
/** The edge's lease and its grace, and the way to the next sweep. */
const edgeLostMs = (45 + 60) * 1000;
/** Calls come so often, drawn for each day, milliseconds: more at times than the pool can serve. */
const callEveryMs = { least: 1500, most: 15_000 };

/** One day: who calls, what goes wrong, and what must hold at every moment. */
export class Day {
  readonly sim: Sim;
  readonly weather: Weather;
  readonly cloud: Cloud;
  readonly calls: TrueCall[] = [];
  readonly broken: string[] = [];
  readonly edges: Edge[] = [];
  readonly gateways = new Map<string, Gateway>();
  readonly #minutes: number;
  readonly #mutation: Mutation | undefined;
  readonly #callEveryMs: number;
  #isQuiet = false;
  #names = 0;
  #callers = 0;

  constructor({ seed, weather, mutation, minutes }: DayOptions) {
    this.sim = new Sim(seed);
    this.weather = { ...drawWeather(this.sim), ...weather };
    this.cloud = new Cloud(this.sim, this.weather, mutation);
    this.#minutes = minutes;
    this.#mutation = mutation;
    this.#callEveryMs = this.sim.between(callEveryMs.least, callEveryMs.most);
    this.cloud.ecs.listener = {
      started: (task) => this.#startGateway(task),
      stopped: (taskId, reason) => this.#stopGateway(taskId, reason),
    };
    for (let n = 0; n < 2; n += 1) this.#openEdge();
  }

  /** @returns what did not hold, in words; nothing where all did */
  async play(): Promise<string[]> {
    const { sim } = this;
    const endOfTrouble = sim.nowMs + this.#minutes * 60_000;
    this.#nextCaller();
    sim.every(60_000, () => this.#strike());
    await sim.playUntil(endOfTrouble);
    this.#isQuiet = true;
    this.cloud.weather = fair;
    for (const edge of this.edges) edge.isCutOff = false;
    await sim.playUntil(endOfTrouble + quietMinutes * 60_000);
    return this.broken;
  }

  breaks(what: string): void {
    this.broken.push(`${new Date(this.sim.nowMs).toISOString().slice(11, 23)} ${what}`);
  }

  #openEdge(): void {
    this.#names += 1;
    const edge = new Edge(`edge-${this.#names}`, {
      sim: this.sim,
      saysTraceId: !this.#mutation?.isWithoutTraceId,
      cloud: this.cloud,
      gatewayAt: (username) => this.gateways.get(username.split('.')[0] ?? ''),
      offers: (call, gateway) => this.#checkOffer(call, gateway),
      onUntold: (traceId) => {
        const call = this.calls.find((one) => one.traceId === traceId);
        if (call) call.isBroken = true;
      },
    });
    this.edges.push(edge);
  }

  #startGateway({ taskId }: EcsTask): void {
    const exit = (id: string) => {
      const over = { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'EssentialContainerExited' };
      this.cloud.ecs.change(id, { ...over, stoppedAt: this.sim.nowMs, exitCode: 0 });
    };
    this.gateways.set(taskId, new Gateway(taskId, this.sim, () => this.edges, exit));
  }

  #stopGateway(taskId: string, reason: string): void {
    const gateway = this.gateways.get(taskId);
    const call = gateway && this.#callOf(gateway);
    if (call !== undefined && this.#isHeld(call))
      this.breaks(`${taskId.slice(0, 6)} is stopped in a call: ${reason}`);
    gateway?.terminate();
    if (call !== undefined) this.#edgeOf(call)?.hangUp(call, 'gateway');
  }

  /** The call that is up at a gateway. */
  #callOf(gateway: Gateway): TrueCall | undefined {
    const { inCall } = gateway;
    return inCall === undefined
      ? undefined
      : this.calls.find(({ traceId, endedAt }) => traceId === inCall && endedAt === undefined);
  }

  #edgeOf({ edgeId }: TrueCall): Edge | undefined {
    return this.edges.find((one) => one.edgeId === edgeId);
  }

  /** Its edge holds it, and was not silent for so long that it counts as lost. */
  #isHeld(call: TrueCall): boolean {
    const edge = this.#edgeOf(call);
    return edge?.held.has(call.traceId) === true && this.sim.nowMs - edge.renewedAt < edgeLostMs;
  }

  #checkOffer(call: TrueCall, gateway: Gateway): void {
    const other = this.#callOf(gateway);
    if (other !== undefined && other !== call && this.#isHeld(other)) {
      this.breaks(`${gateway.taskId.slice(0, 6)} is offered to ${call.callId} while ${other.callId} has it`);
    }
  }

  #nextCaller(): void {
    if (this.#isQuiet) return;
    this.#callers += 1;
    void this.#caller(`call-${this.#callers}`);
    this.sim.in(this.sim.between(0, 2 * this.#callEveryMs), () => this.#nextCaller());
  }

  /** Calls, tries the other edge where it is refused, talks, and hangs up. */
  async #caller(callId: string): Promise<void> {
    const { sim } = this;
    for (let tries = 0; tries < 2; tries += 1) {
      const reachable = this.edges.filter(({ isAlive }) => isAlive);
      const edge = sim.pick(reachable);
      if (edge === undefined || !edge.isReachable) {
        await sim.sleep(4000);
        continue;
      }
      const patienceMs = sim.chance(0.15) ? sim.between(100, 20_000) : 120_000;
      const call = await this.#invite(edge, callId, patienceMs);
      if (call.answeredAt !== undefined) {
        sim.in(sim.between(1000, 240_000), () => edge.hangUp(call, sim.pick(['caller', 'gateway'])));
        return;
      }
      if (call.isCancelled || sim.chance(0.3)) return;
      await sim.sleep(sim.between(10, 3000));
    }
  }

  async #invite(edge: Edge, callId: string, patienceMs: number): Promise<TrueCall> {
    const before = edge.held.size;
    const invited = edge.invite(callId, patienceMs);
    if (edge.held.size > before) this.calls.push([...edge.held.values()].at(-1) as TrueCall);
    return invited;
  }

  /** Once a minute something may break. */
  #strike(): void {
    const { sim, weather } = this;
    if (this.#isQuiet) return;
    const alive = this.edges.filter(({ isAlive }) => isAlive);
    const edge = sim.pick(alive);
    if (edge !== undefined && sim.chance(weather.applicationDies)) edge.killApplication();
    if (edge !== undefined && sim.chance(weather.edgeDies)) {
      edge.die();
      sim.in(30_000, () => this.#openEdge());
    }
    const other = sim.pick(alive);
    if (other?.isAlive && sim.chance(weather.edgeCutOff)) {
      other.isCutOff = true;
      sim.in(sim.between(2000, 180_000), () => {
        other.isCutOff = false;
      });
    }
    const running = [...this.gateways.values()].filter(({ isGone }) => !isGone);
    const gateway = sim.pick(running);
    if (gateway !== undefined && sim.chance(weather.gatewayRestarts)) gateway.startAnew();
  }
}
