import { LeaseLost, TableContention } from '../../domain/errors.ts';
import { noteStart } from '../../domain/fleet/breaker.ts';
import type { FleetState } from '../../domain/fleet/fleet-pool.ts';
import type { Write } from '../../store/transaction.ts';
import { keepState } from '../../usecases/fleet-lease.ts';
import type { FleetDeps } from './deps.ts';

/** How much the last start weighs in the mean. */
const newWeight = 0.2;

/** Others leave word in the pool's item at any moment, which is in the way of a transaction. */
const conflictTries = 6;
const conflictPauseMs = 30;

/** What one holder of the lease knows and changes: the state of the pool, which nobody else writes meanwhile. */
export class LeasedRun {
  readonly holder: string;
  readonly deps: FleetDeps;
  state: FleetState;
  /** When the oldest start in flight was asked for, epoch milliseconds. */
  oldestStartAt: number | undefined;
  /** For the log. */
  readonly report = { started: 0, failed: 0, registered: 0, drained: 0, ended: 0 };

  constructor(holder: string, state: FleetState, deps: FleetDeps) {
    this.holder = holder;
    this.state = state;
    this.deps = deps;
  }

  /**
   * Writes together what happens and what the pool's state says of it: all of it, and only while the lease holds.
   * @returns whether it was written; else one of the writes was refused
   * @throws LeaseLost, TableContention, TableUnavailable
   */
  async commit(writes: readonly Write[], change: Partial<FleetState>): Promise<boolean> {
    const { table, now, pause, random } = this.deps;
    const changed = { ...this.state, ...change, changedAt: now() };
    // Calls read these beside the pool's count: a start must not look like a gateway that is there already.
    const state = { ...changed, starting: changed.starts.length };
    for (let tries = 1; ; tries += 1) {
      const written = await table.transact([keepState(this.holder, state, now()), ...writes]);
      if (written.done) {
        this.state = state;
        return true;
      }
      const [ofPool, ...ofOthers] = written.failures;
      if (ofPool !== undefined && ofPool !== 'conflict') throw new LeaseLost('another run decides by now');
      if (ofOthers.some((one) => one !== undefined && one !== 'conflict')) return false;
      if (tries === conflictTries) throw new TableContention("the pool's item keeps changing");
      await pause(random() * conflictPauseMs * tries);
    }
  }

  noteFailure(atMs: number): FleetState['recentStarts'] {
    const { policy } = this.deps;
    this.report.failed += 1;
    this.state = {
      ...this.state,
      recentStarts: noteStart(this.state.recentStarts, 'failed', atMs, policy.breaker),
    };
    return this.state.recentStarts;
  }

  /** How long a start takes: as the policy has it, until one has shown it. */
  get expectedStartMs(): number {
    return this.state.startMs ?? this.deps.policy.startSec * 1000;
  }

  noteRegistered(tookMs: number, atMs: number): void {
    const { policy } = this.deps;
    this.report.registered += 1;
    const before = this.state.startMs ?? tookMs;
    this.state = {
      ...this.state,
      recentStarts: noteStart(this.state.recentStarts, 'registered', atMs, policy.breaker),
      changedAt: this.deps.now(),
      startMs: Math.round(before + newWeight * (tookMs - before)),
    };
  }
}
