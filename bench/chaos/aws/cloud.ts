import { consumedByCalls, consumedByFleet, type Fact } from '../../../contracts/facts.ts';
import type { Measurement } from '../../../contracts/metrics.ts';
import { parsePolicy } from '../../../lambdas/domain/fleet/read-policy.ts';
import type { EcsTask } from '../../../lambdas/domain/fleet/task.ts';
import type { AllocateDeps } from '../../../lambdas/functions/allocate/allocate-gateway.ts';
import { measurePool } from '../../../lambdas/functions/calls/measure-pool.ts';
import type { KnownLeases } from '../../../lambdas/functions/calls/renew-edge.ts';
import { sweep } from '../../../lambdas/functions/calls/sweep.ts';
import { type ConsumedFact, takeFact } from '../../../lambdas/functions/calls/take-fact.ts';
import { decideAndAct } from '../../../lambdas/functions/fleet/decide-and-act.ts';
import type { FleetDeps } from '../../../lambdas/functions/fleet/deps.ts';
import { KnownDemand, noteDemand } from '../../../lambdas/functions/fleet/known-demand.ts';
import { takeRegistration } from '../../../lambdas/functions/fleet/take-registration.ts';
import { takeTaskEvent } from '../../../lambdas/functions/fleet/take-task-event.ts';
import type { RegisterDeps } from '../../../lambdas/functions/register/register-gateway.ts';
import type { Mutation } from '../mutations.ts';
import type { Sim } from '../sim.ts';
import type { Weather } from '../weather.ts';
import { Ecs } from './ecs.ts';
import { faultyTable, type Life, never } from './faulty-table.ts';
import { MemoryTable } from './memory-table.ts';

/** A command got no usable answer. */
export class Unavailable extends Error {}

export type FunctionDeps = RegisterDeps & AllocateDeps & FleetDeps;

const invokeLimitMs = 5000;
/** Less than the lease of the fleet. */
const eventLimitMs = 15_000;
export const maxGateways = 12;
export const minFree = 2;

/** AWS: the table, the functions with their real code, the bus, the clock's rules, and ECS. */
export class Cloud {
  readonly table: MemoryTable;
  readonly ecs: Ecs;
  readonly measured: Measurement[] = [];
  readonly leases: KnownLeases = new Map();
  weather: Weather;
  readonly #sim: Sim;
  readonly #knownDemand = new KnownDemand();
  #ids = 0;

  constructor(sim: Sim, weather: Weather, mutation?: Mutation) {
    this.#sim = sim;
    this.weather = weather;
    this.table = new MemoryTable({
      later: (show) => sim.in(sim.between(0, this.weather.indexLagMs), show),
      mutation,
    });
    this.ecs = new Ecs(
      sim,
      () => this.weather,
      (task) => this.#deliver(this.#takeByTask(task)),
    );
    const tick = () => {
      void this.#untilDone(async (deps) => {
        deps.measure(await measurePool(deps));
        await sweep(deps);
      }, 1);
      void this.#untilDone((deps) => decideAndAct({ name: 'every minute', tick: true }, deps), 1);
    };
    sim.every(60_000, tick);
    sim.in(0, tick);
  }

  /** As the edge's client has it: once more where the connection broke, and not where the function was silent. */
  async command<T>(run: (deps: FunctionDeps) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const { chance, lost } = this.#loss();
      if (!(chance && lost === 'before')) {
        const answer = await this.#invoke(run);
        if (!chance) return answer;
      }
      if (tries === 2) throw new Unavailable('network');
      await this.#sim.sleep(this.#sim.between(20, 100));
    }
  }

  /** Says a fact to whoever consumes it: at least once, in any order. */
  publish(fact: Fact): void {
    const consumers = [
      (consumedByCalls as readonly string[]).includes(fact.type) && this.#takeByCalls(fact as ConsumedFact),
      (consumedByFleet as readonly string[]).includes(fact.type) && this.#takeByFleet(fact),
    ];
    for (const run of consumers) if (run) this.#deliver(run);
  }

  #loss() {
    const chance = this.#sim.chance(this.weather.invokeLost);
    return { chance, lost: this.#sim.pick(['before', 'after'] as const) };
  }

  #takeByCalls(fact: ConsumedFact) {
    return (deps: FunctionDeps) => takeFact(fact, deps);
  }

  #takeByTask(task: EcsTask) {
    return async (deps: FunctionDeps) => {
      await takeTaskEvent(task, deps);
      await decideAndAct({ name: `task ${task.lastStatus}`, tick: false }, deps);
    };
  }

  #takeByFleet(fact: Fact) {
    return async (deps: FunctionDeps) => {
      if (fact.type === 'gateway.registered') await takeRegistration(fact, deps);
      await noteDemand(fact, deps);
      await decideAndAct({ name: fact.type, tick: false }, deps);
    };
  }

  #deliver(run: (deps: FunctionDeps) => Promise<unknown>): void {
    const sim = this.#sim;
    const afterMs = sim.between(20, this.weather.busMs);
    sim.in(afterMs, () => void this.#untilDone(run, 50));
    if (!sim.chance(this.weather.factTwice)) return;
    // Beside the first, or at any time.
    const againMs = sim.chance(0.5) ? afterMs + sim.between(0, 1000) : sim.between(20, this.weather.busMs);
    sim.in(againMs, () => void this.#untilDone(run, 50));
  }

  /** An asynchronous Invoke: again after a while where the function failed. */
  async #untilDone(run: (deps: FunctionDeps) => Promise<unknown>, tries: number): Promise<void> {
    for (let left = tries; left > 0; left -= 1) {
      try {
        await this.#invoke(run, eventLimitMs);
        return;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await this.#sim.sleep(this.#sim.between(1000, 30_000));
      }
    }
  }

  async #invoke<T>(run: (deps: FunctionDeps) => Promise<T>, limitMs = invokeLimitMs): Promise<T> {
    const sim = this.#sim;
    await sim.sleep(sim.between(3, 20));
    const life: Life = {
      isDead: false,
      dieAt: sim.chance(this.weather.functionDies) ? Math.ceil(sim.between(0, 6)) : 0,
    };
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    sim.in(limitMs, () => {
      if (isOver) return;
      life.isDead = true;
      reject(new Unavailable('timeout'));
    });
    let isOver = false;
    const skewMs = Math.round(sim.between(-1, 1) * this.weather.skewMs);
    try {
      return await Promise.race([run(this.#deps(life, skewMs)), tooLate]);
    } catch (error) {
      const known = ['TableUnavailable', 'TableContention', 'TaskNotStopped', 'LeaseLost'];
      if (error instanceof Unavailable || known.includes((error as Error).name)) {
        throw new Unavailable(String(error));
      }
      throw error;
    } finally {
      isOver = true;
      life.isDead = true;
    }
  }

  #deps(life: Life, skewMs: number): FunctionDeps {
    const sim = this.#sim;
    const alive = async <T>(value: T): Promise<T> => (life.isDead ? never : value);
    const threshold = { unlockedMin: minFree, loadMax: 1 };
    return {
      table: faultyTable(this.table, life, sim, () => this.weather),
      now: () => sim.nowMs + skewMs,
      random: sim.random,
      pause: (ms) => sim.sleep(ms).then(() => alive(undefined)),
      measure: (measurements) => {
        this.measured.push(...measurements);
      },
      warn: () => {},
      registered: () => {},
      stopTask: async (taskId, reason) => {
        await alive(sim.sleep(30));
        await alive(undefined);
        this.ecs.stop(taskId, reason);
      },
      ecs: {
        zones: 2,
        run: async (task) => {
          await sim.sleep(sim.between(50, 500));
          return alive(this.ecs.start(task.startId, `${task.startId}-${task.refusals}`));
        },
        describe: async (ids) => ids.flatMap((id) => this.ecs.tasks.get(id) ?? []),
        list: async () =>
          this.ecs
            .running()
            .filter(({ desiredStatus }) => desiredStatus === 'RUNNING')
            .map(({ taskId }) => taskId),
      },
      policy: parsePolicy(
        { policy: 'timeline', timeline: { auto_scale_threshold: { default: { '00:00:00': threshold } } } },
        { timeZone: 'UTC', maxGateways, gateways: 'single-use' },
      ),
      knownDemand: this.#knownDemand,
      newId: () => {
        this.#ids += 1;
        return this.#ids.toString(16).padStart(16, '0');
      },
      gatewayName: 'mediagw',
      gatewayId: '1',
      afterCall: 'stop',
      freeShards: 1,
      leaseMs: 120_000,
      waitLimitMs: 90_000,
      graceMs: 60_000,
    };
  }
}
