import type { Cloud } from '../aws/cloud.ts';
import type { Sim } from '../sim.ts';
import type { Network } from '../sip/network.ts';
import { Caller } from './caller.ts';
import type { Edge } from './edge.ts';
import type { Gateway } from './gateway.ts';
import type { TrueCall } from './true-call.ts';

export interface CallersWorld {
  readonly sim: Sim;
  readonly network: Network;
  readonly cloud: Cloud;
  readonly edges: readonly Edge[];
  readonly gateways: ReadonlyMap<string, Gateway>;
}

/** Calls come so often, drawn for each day, milliseconds: more at times than the pool can serve. */
const callEveryMs = { least: 3000, most: 15_000 };
/** Who does not give up of its own. */
const longestWaitMs = 120_000;
/** Few, so that some are known to the edges and others are strangers. */
const addresses = 12;

/** All who call on a day. */
export class Callers {
  readonly #calls = new Map<string, TrueCall>();
  readonly #callers = new Map<string, Caller>();
  readonly #world: CallersWorld;
  readonly #everyMs: number;
  #isOver = false;
  #names = 0;
  #tries = 0;

  constructor(world: CallersWorld) {
    this.#world = world;
    this.#everyMs = world.sim.between(callEveryMs.least, callEveryMs.most);
  }

  get calls(): Iterable<TrueCall> {
    return this.#calls.values();
  }

  find(leg: string): TrueCall | undefined {
    return this.#calls.get(leg);
  }

  /** A gateway answers: some give up in that very moment. */
  onPickUp(leg: string): void {
    const { sim } = this.#world;
    if (sim.chance(0.05)) sim.in(sim.between(0, 60), () => this.#callers.get(leg)?.giveUp());
  }

  /** An operator ends a call that is up. */
  async hangOneUp(): Promise<void> {
    const { sim, cloud } = this.#world;
    const up = [...this.calls].filter((one) => one.answeredAt !== undefined && one.endedAt === undefined);
    const call = sim.pick(up);
    if (call !== undefined && (await cloud.hangUp(call))) call.hangUpAskedAt = sim.nowMs;
  }

  begin(): void {
    const { sim } = this.#world;
    if (this.#isOver) return;
    this.#names += 1;
    void this.#call(`call-${this.#names}`);
    sim.in(sim.between(0, 2 * this.#everyMs), () => this.begin());
  }

  /** Nobody calls any more; who calls goes on. */
  end(): void {
    this.#isOver = true;
  }

  /** Calls, tries again where it is refused, talks, and hangs up. */
  async #call(callId: string): Promise<void> {
    const { sim, edges } = this.#world;
    for (let tries = 0; tries < 2; tries += 1) {
      const edge = sim.pick(edges.filter(({ isAlive }) => isAlive));
      if (edge === undefined) {
        await sim.sleep(4000);
        continue;
      }
      const caller = this.#caller(callId, edge);
      caller.invite();
      const status = await caller.answered;
      if (status === 200) return this.#talk(caller);
      if (status === undefined || status === 487 || sim.chance(0.3)) return;
      await sim.sleep(sim.between(10, 3000));
    }
  }

  #caller(callId: string, { name: edgeName, server }: Edge): Caller {
    const { sim, network, cloud } = this.#world;
    this.#tries += 1;
    const call: TrueCall = { callId, leg: `${callId};from-tag=t${this.#tries}`, edgeName, server };
    this.#calls.set(call.leg, call);
    const caller = new Caller({
      ...{ call, server, network, sim },
      at: `192.0.2.${this.#tries % addresses}:${10_000 + this.#tries}`,
      waitsMs: sim.chance(0.25) ? sim.between(100, 20_000) : longestWaitMs,
      vanishes: sim.chance(cloud.weather.callerVanishes),
    });
    this.#callers.set(call.leg, caller);
    return caller;
  }

  #talk(caller: Caller): void {
    const { sim, gateways } = this.#world;
    const talksMs = sim.chance(0.1) ? sim.between(240_000, 400_000) : sim.between(1000, 240_000);
    sim.in(talksMs, () => {
      const { leg } = caller.call;
      const gateway = [...gateways.values()].find(({ inCall }) => inCall?.callerLeg === leg);
      // Whoever is alone hangs up in the end.
      if (gateway && sim.chance(0.5)) gateway.hangUp();
      else caller.hangUp();
    });
  }
}
