import type { EcsTask } from '../../lambdas/domain/fleet/task.ts';
import type { SrfRequest } from '../../sip-edge/drachtio/srf.ts';
import { traceIdOf } from '../../sip-edge/telemetry/trace.ts';
import { Cloud } from './aws/cloud.ts';
import type { Mutation } from './mutations.ts';
import { Callers } from './parties/callers.ts';
import { Edge, edgeLostMs } from './parties/edge.ts';
import { Gateway } from './parties/gateway.ts';
import type { TrueCall } from './parties/true-call.ts';
import { Sim } from './sim.ts';
import { Network } from './sip/network.ts';
import { drawWeather, fair, type Weather } from './weather.ts';

export interface DayOptions {
  seed: number;
  /** Instead of what the seed draws. */
  weather?: Partial<Weather>;
  mutation?: Mutation | undefined;
  /** How long things go wrong, minutes. */
  minutes: number;
}

/** A run of a function takes no longer. */
const underWayMs = 10_000;

/** Long enough for every bound: a lock 120 s, a lease 45 s and its grace 60 s, a fact 90 s, a start ten minutes. */
const quietMinutes = 20;

/** One day: who calls, what goes wrong, and what must hold at every moment. */
export class Day {
  readonly sim: Sim;
  readonly weather: Weather;
  readonly cloud: Cloud;
  readonly network: Network;
  readonly callers: Callers;
  readonly broken: string[] = [];
  readonly edges: Edge[] = [];
  readonly gateways = new Map<string, Gateway>();
  readonly #minutes: number;
  readonly #mutation: Mutation | undefined;
  #isQuiet = false;
  #names = 0;

  constructor({ seed, weather, mutation, minutes }: DayOptions) {
    this.sim = new Sim(seed);
    this.weather = { ...drawWeather(this.sim), ...weather };
    this.cloud = new Cloud(this.sim, this.weather, mutation);
    this.network = new Network(this.sim, () => this.cloud.weather);
    this.#minutes = minutes;
    this.#mutation = mutation;
    this.callers = new Callers(this);
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
    this.callers.begin();
    sim.every(60_000, () => this.#strike());
    await sim.playUntil(endOfTrouble);
    this.#isQuiet = true;
    this.callers.end();
    this.cloud.weather = fair;
    for (const edge of this.edges) edge.cutOff(false);
    await sim.playUntil(endOfTrouble + quietMinutes * 60_000);
    return this.broken;
  }

  breaks(what: string): void {
    this.broken.push(`${new Date(this.sim.nowMs).toISOString().slice(11, 23)} ${what}`);
  }

  edgeOf({ edgeName }: Pick<TrueCall, 'edgeName'>): Edge | undefined {
    return this.edges.find(({ name }) => name === edgeName);
  }

  /** @param edgeId of one that is gone, whose address it has */
  #openEdge(edgeId?: string): void {
    this.#names += 1;
    const name = `edge-${this.#names}`;
    const edge = new Edge(name, edgeId ?? name, {
      ...{ sim: this.sim, cloud: this.cloud, network: this.network },
      mutation: this.#mutation?.edge ?? {},
      onInvite: ({ edgeId }, request) => this.#onInvite(edgeId, request),
      onTrouble: ({ name: edgeName }) => {
        for (const call of this.callers.calls)
          if (call.edgeName === edgeName && call.endedAt === undefined) call.isTroubled = true;
      },
      onUntold: (traceId) => {
        for (const call of this.callers.calls) if (call.traceId === traceId) call.isBroken = true;
      },
      onDefect: (what) => this.breaks(what),
    });
    this.edges.push(edge);
  }

  /** An edge's application takes a call: from here on it has its trace id. */
  #onInvite(edgeId: string, request: SrfRequest): void {
    const leg = request.headers['x-leg'] ?? '';
    const call = this.callers.find(leg);
    if (call) call.traceId = traceIdOf(edgeId, leg, this.sim.nowMs);
  }

  #startGateway({ taskId }: EcsTask): void {
    const exit = (id: string) => {
      const over = { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'EssentialContainerExited' };
      this.cloud.ecs.change(id, { ...over, stoppedAt: this.sim.nowMs, exitCode: 0 });
    };
    const n = this.gateways.size;
    const gateway = new Gateway(taskId, `10.0.${n >> 8}.${n & 255}`, {
      ...{ sim: this.sim, network: this.network, exit },
      edges: () => this.edges,
      serverOf: (callerLeg) => this.callers.find(callerLeg)?.server,
      refuses: () => this.cloud.weather.gatewayRefuses,
      onPickUp: (callerLeg) => this.callers.onPickUp(callerLeg),
      onLoss: (callerLeg) => {
        const call = this.callers.find(callerLeg);
        if (call) call.leftAt = this.sim.nowMs;
      },
      onOffer: (to, callerLeg) => this.#checkOffer(to, callerLeg),
    });
    this.gateways.set(taskId, gateway);
  }

  #stopGateway(taskId: string, reason: string): void {
    const gateway = this.gateways.get(taskId);
    if (gateway && this.#isHeld(gateway))
      this.breaks(`${taskId.slice(0, 6)} is stopped in a call: ${reason}`);
    gateway?.terminate();
  }

  /**
   * Its call is up, its edge holds both legs, and was not silent for so long that it counts as lost: not a moment ago either,
   * since what was decided as the grace was over may be under way.
   */
  #isHeld({ inCall }: Gateway): boolean {
    if (inCall?.answeredAt === undefined) return false;
    const call = this.callers.find(inCall.callerLeg);
    const edge = call && this.edgeOf(call);
    const { nowMs } = this.sim;
    return (
      edge?.isAlive === true &&
      call?.server.isAlive === true &&
      call.server.holds(call.leg) &&
      call.server.holds(inCall.leg) &&
      nowMs - edge.renewedAt < edgeLostMs &&
      !edge.wasLost(nowMs - underWayMs, nowMs)
    );
  }

  #checkOffer(gateway: Gateway, callerLeg: string): void {
    const { inCall } = gateway;
    if (inCall === undefined || inCall.callerLeg === callerLeg || !this.#isHeld(gateway)) return;
    const [to, has] = [callerLeg, inCall.callerLeg].map((leg) => this.callers.find(leg)?.callId);
    this.breaks(`${gateway.taskId.slice(0, 6)} is offered to ${to} while ${has} has it`);
  }

  /** Once a minute something may break. */
  #strike(): void {
    const { sim, weather } = this;
    if (this.#isQuiet) return;
    const alive = this.edges.filter(({ isAlive }) => isAlive);
    const edge = sim.pick(alive);
    // Not all at the same moment of the minute.
    const soon = (share: number, strike: (one: Edge) => void) => {
      if (edge === undefined || !sim.chance(share)) return;
      sim.in(sim.between(0, 55_000), () => {
        if (edge.isAlive && !this.#isQuiet) strike(edge);
      });
    };
    soon(weather.applicationDies, (one) => one.killApplication());
    soon(weather.connectionBreaks, (one) => one.loseConnection());
    soon(weather.serverDies, (one) => one.killServer());
    soon(weather.bothDie, (one) => one.killBoth());
    soon(weather.edgeDies, (one) => {
      one.die();
      const edgeId = sim.chance(0.5) ? one.edgeId : undefined;
      sim.in(30_000, () => this.#openEdge(edgeId));
    });
    const other = sim.pick(alive);
    if (other?.isAlive && sim.chance(weather.edgeCutOff)) {
      other.cutOff(true);
      sim.in(sim.between(2000, 180_000), () => other.cutOff(false));
    }
    const running = [...this.gateways.values()].filter(({ isGone }) => !isGone);
    const gateway = sim.pick(running);
    if (gateway !== undefined && sim.chance(weather.gatewayRestarts)) gateway.startAnew();
    else if (gateway !== undefined && sim.chance(weather.gatewayDies)) gateway.die();
    if (sim.chance(weather.operatorHangsUp)) void this.callers.hangOneUp();
  }
}
