import type { CallRecord } from '../../../contracts/call-record.ts';
import type { CallIdentity } from '../../../contracts/common.ts';
import { consumedByCalls, consumedByFleet, type Fact } from '../../../contracts/facts.ts';
import type { Measurement } from '../../../contracts/metrics.ts';
import { NotTold } from '../../../lambdas/domain/errors.ts';
import { parsePolicy } from '../../../lambdas/domain/fleet/read-policy.ts';
import type { EcsTask } from '../../../lambdas/domain/fleet/task.ts';
import { pathIdOf } from '../../../lambdas/domain/views.ts';
import type { AllocateDeps } from '../../../lambdas/functions/allocate/allocate-gateway.ts';
import { hangUp } from '../../../lambdas/functions/api/acts/hang-up.ts';
import { measurePool } from '../../../lambdas/functions/calls/measure-pool.ts';
import { sweep } from '../../../lambdas/functions/calls/sweep.ts';
import { type ConsumedFact, takeFacts } from '../../../lambdas/functions/calls/take-facts.ts';
import type { CallsDeps } from '../../../lambdas/functions/calls/tell-records.ts';
import { decideAndAct } from '../../../lambdas/functions/fleet/decide-and-act.ts';
import type { FleetDeps } from '../../../lambdas/functions/fleet/deps.ts';
import { KnownDemand } from '../../../lambdas/functions/fleet/known-demand.ts';
import { takeEvents } from '../../../lambdas/functions/fleet/take-events.ts';
import type { RegisterDeps } from '../../../lambdas/functions/register/register-gateway.ts';
import { QueueLook } from '../../../lambdas/usecases/waiting-queue.ts';
import type { Mutation } from '../mutations.ts';
import type { Sim } from '../sim.ts';
import type { Weather } from '../weather.ts';
import { Ecs } from './ecs.ts';
import { FactQueue } from './fact-queue.ts';
import { faultyTable, type Life, never } from './faulty-table.ts';
import { MemoryTable } from './memory-table.ts';

/** A command got no usable answer. */
export class Unavailable extends Error {}

/** Its way to the function, or back, is lost: the SDK has this name for it. */
export class InvokeLost extends Unavailable {
  override readonly name = 'TimeoutError';
}

const expected = [
  'ApiProblem',
  'TableUnavailable',
  'TableContention',
  'TaskNotStopped',
  'NotTold',
  'LeaseLost',
];
/** @returns whether a function may fail so */
export const isExpected = (error: unknown): boolean =>
  error instanceof Unavailable || expected.includes((error as Error).name);

export type FunctionDeps = RegisterDeps & AllocateDeps & FleetDeps & CallsDeps;

const isAmong = (types: readonly string[], { type }: Fact) => types.includes(type);

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
  /** The last record that was told of each call, by its id. */
  readonly records = new Map<string, CallRecord>();
  /** What functions threw that they never should. */
  readonly bugs: string[] = [];
  weather: Weather;
  readonly #sim: Sim;
  readonly #knownDemand = new KnownDemand();
  readonly #queue = new QueueLook();
  readonly #calls: FactQueue<ConsumedFact>;
  readonly #fleet: FactQueue<Fact | EcsTask>;
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
      (task) => this.#deliver(() => this.#fleet.send(task)),
    );
    this.#calls = new FactQueue(sim, {
      ...{ batchSize: 10, windowMs: 0, maxConcurrency: 20, visibilityMs: 30_000 },
      invoke: (batch, failed) => this.#invoke((deps) => takeFacts(batch, deps, failed), 30_000),
    });
    this.#fleet = new FactQueue(sim, {
      ...{ batchSize: 500, windowMs: 1000, maxConcurrency: 2, visibilityMs: eventLimitMs },
      invoke: async (batch, failed) => {
        await this.#invoke((deps) => takeEvents(batch, deps, failed), eventLimitMs);
      },
    });
    const tick = () => {
      void this.#once(async (deps) => {
        deps.measure(await measurePool(deps));
        await sweep(deps);
      });
      void this.#once((deps) => decideAndAct({ name: 'every minute', tick: true }, deps));
    };
    sim.every(60_000, tick);
    sim.in(0, tick);
  }

  /**
   * An Invoke of an edge.
   * @throws {Unavailable} where the function fails, or nothing comes back
   */
  async command<T>(run: (deps: FunctionDeps) => Promise<T>): Promise<T> {
    const isLost = this.#sim.chance(this.weather.invokeLost);
    if (isLost && this.#sim.chance(0.5)) throw new InvokeLost('before');
    const answer = await this.#invoke(run);
    if (isLost) throw new InvokeLost('after');
    return answer;
  }

  /** An operator asks the API for the end of a call. @returns whether it was told that it will end */
  async hangUp(call: CallIdentity): Promise<boolean> {
    const access = { who: 'operator', role: 'operator' } as const;
    try {
      const { changed } = await this.command((deps) =>
        hangUp(pathIdOf(call), '', access, { ...deps, tell: async () => {} }),
      );
      return changed;
    } catch (error) {
      // The call is over, or its answer is late on the bus.
      if (error instanceof Unavailable) return false;
      throw error;
    }
  }

  /** Says a fact to whoever consumes it: at least once, in any order. */
  publish(fact: Fact): void {
    if (isAmong(consumedByCalls, fact)) this.#deliver(() => this.#calls.send(fact as ConsumedFact));
    if (isAmong(consumedByFleet, fact)) this.#deliver(() => this.#fleet.send(fact));
    if (fact.type !== 'call.waiting' || fact.ahead > 0) return;
    this.#deliver(() => void this.#once((deps) => decideAndAct({ name: fact.type, tick: false }, deps)));
  }

  /** EventBridge, to a queue or a function. */
  #deliver(hand: () => void): void {
    const sim = this.#sim;
    const afterMs = sim.between(20, this.weather.busMs);
    sim.in(afterMs, hand);
    if (!sim.chance(this.weather.factTwice)) return;
    // Beside the first, or at any time.
    const againMs = sim.chance(0.5) ? afterMs + sim.between(0, 1000) : sim.between(20, this.weather.busMs);
    sim.in(againMs, hand);
  }

  /** An Invoke that nobody repeats. */
  async #once(run: (deps: FunctionDeps) => Promise<unknown>): Promise<void> {
    try {
      await this.#invoke(run, eventLimitMs);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
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
      if (isExpected(error)) throw new Unavailable(String(error));
      this.bugs.push(String(error));
      throw error;
    } finally {
      isOver = true;
      life.isDead = true;
    }
  }

  #deps(life: Life, skewMs: number): FunctionDeps {
    const sim = this.#sim;
    const alive = async <T>(value: T): Promise<T> => (life.isDead ? never() : value);
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
      tell: async (record) => {
        await alive(sim.sleep(sim.between(5, 30)));
        if (sim.chance(this.weather.tableFails)) throw new NotTold('the bus fails');
        if (record.revision >= (this.records.get(record.id)?.revision ?? 0))
          this.records.set(record.id, record);
        await alive(undefined);
      },
      ecs: {
        zones: 2,
        run: async (task) => {
          await sim.sleep(sim.between(25, 250));
          const started = this.ecs.start(task.startId, `${task.startId}-${task.refusals}`);
          const isSlow = sim.chance(this.weather.startSlow);
          await sim.sleep(isSlow ? sim.between(500, 8000) : sim.between(25, 250));
          return alive(started);
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
        { timeZone: 'UTC', maxGateways, startSec: 90, gateways: 'single-use' },
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
      // One instance has one clock.
      queue: { heads: (table) => this.#queue.heads(table, sim.nowMs) },
    };
  }
}
