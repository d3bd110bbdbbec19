import type { AllocateAnswer, AllocateGateway } from '../../../contracts/commands.ts';
import {
  answerFromCall,
  excludedGateways,
  inOrderOfTrial,
  refusalOfNamed,
  shuffled,
} from '../../domain/call/allocation.ts';
import { TableContention } from '../../domain/errors.ts';
import type { Candidate, Gateway } from '../../domain/gateway/gateway.ts';
import { isLive, type Random } from '../../domain/time.ts';
import { gatewayOf } from '../../store/items/gateway-item.ts';
import { freeShardNames, gatewayKey } from '../../store/keys.ts';
import { endLapsedLock } from '../../usecases/lapsed-lock.ts';
import { endSilent } from '../../usecases/waiting-queue.ts';
import { SharedCandidates } from './candidates.ts';
import { type CandidatePage, givableOf, readGateways, sweepExpired } from './free-gateways.ts';
import { type CallSide, lockGateway, readCallSide } from './lock-gateway.ts';
import { serveThoseAhead } from './serve-those-ahead.ts';
import { type WaitDeps, waitForGateway } from './wait-for-gateway.ts';

export interface AllocateDeps extends WaitDeps {
  random: Random;
  pause: (ms: number) => Promise<void>;
  /** Told of a failure that does not change the answer (a dead location that could not be swept). */
  warn: (message: string, error: Error) => void;
}

/** Bounds of one allocation: it ends with an answer or a typed error, whatever others do meanwhile. */
const maxTransactions = 48;
const maxPagesOfShard = 8;
const maxPasses = 3;
/** So many dead candidates on a page, and the rest of it is read before it is tried. */
const deadBeforeReading = 2;
const conflictPauseMs = 10;
const maxConflictPauseMs = 80;
/**
 * With fewer candidates in sight than this, calls that wait are looked for before one is taken: what is left is
 * theirs. With more, there is one for each who asks.
 */
const fewCandidates = 4;

/**
 * Locks a free gateway for a call. Uncontended it is one query and one transaction; asked again with the same
 * attempt it gives the same answer.
 * @param pool what calls of the same moment share
 * @throws TableUnavailable, TableContention
 */
export async function allocateGateway(
  command: AllocateGateway,
  deps: AllocateDeps,
  pool = new SharedCandidates(deps.table, 1),
): Promise<AllocateAnswer> {
  const allocation = new Allocation(command, deps, pool);
  try {
    if (command.attempt > 1) {
      const answer = await allocation.resume();
      if (answer !== undefined) return answer;
    }
    return await (command.gateway === undefined ? allocation.fromPool() : allocation.named(command.gateway));
  } finally {
    const value = allocation.conflicts;
    if (value > 0) deps.measure([{ name: 'AllocationConflicts', value }], { callId: command.callId });
  }
}

/** One allocation under way: the call's side as last seen, and how much it has tried. */
class Allocation {
  private readonly command: AllocateGateway;
  private readonly deps: AllocateDeps;
  private readonly pool: SharedCandidates;
  private side: CallSide = { call: undefined, previous: undefined };
  private transactions = 0;
  /** Candidates of this pass that others took first: then more may be free than it has seen. */
  private lostRaces = 0;
  /** Nobody waits before this call. */
  private isOurTurn = false;
  /** Candidates that others had or were taking, in all. */
  conflicts = 0;
  private readonly sweeps: Promise<unknown>[] = [];

  constructor(command: AllocateGateway, deps: AllocateDeps, pool: SharedCandidates) {
    this.command = command;
    this.deps = deps;
    this.pool = pool;
  }

  /** @returns the answer where the call's record settles it already */
  async resume(): Promise<AllocateAnswer | undefined> {
    this.side = await readCallSide(this.command, this.deps);
    return this.side.call && answerFromCall(this.side.call, this.command, this.deps.now());
  }

  /** That gateway or none. */
  async named(username: string): Promise<AllocateAnswer> {
    const read = async () => gatewayOf(await this.deps.table.get(gatewayKey(username)));
    let gateway = await read();
    // One whose lock is over is free where nobody can have it; else it is in a call, for all that is known.
    if (await endLapsedLock(gateway, this.deps)) gateway = await read();
    for (;;) {
      const outcome = refusalOfNamed(gateway, this.command.failed, this.deps.now());
      if (gateway === undefined || outcome !== undefined) {
        return (await this.settled()) ?? { result: 'refused', outcome: outcome ?? 'not-registered' };
      }
      const tried = await this.try(gateway);
      if ('answer' in tried) return tried.answer;
      gateway = tried.gateway;
    }
  }

  /** Any gateway: candidates of its own edge first, page after page, until one is ours or none is left. */
  async fromPool(): Promise<AllocateAnswer> {
    const { random } = this.deps;
    const shards = freeShardNames(this.deps.freeShards);
    try {
      for (let pass = 0; pass < maxPasses; pass += 1) {
        this.lostRaces = 0;
        for (const shard of shuffled(shards, random)) {
          const answer = await this.fromShard(shard);
          if (answer !== undefined) return answer;
        }
        // Where nobody was faster, looking again shows nothing else.
        if (this.lostRaces === 0) break;
        this.pool.lookAgain();
      }
      return await waitForGateway(this.command, shards, this.deps);
    } finally {
      await Promise.all(this.sweeps);
    }
  }

  private async fromShard(shard: string): Promise<AllocateAnswer | undefined> {
    const { now, random } = this.deps;
    let from: CandidatePage['next'];
    for (let pages = 0; pages < maxPagesOfShard; pages += 1) {
      const page = await this.pool.page(shard, now(), from);
      const eligible = page.candidates.filter((one) => !this.isExcluded(one));
      const left = await this.leftForUs(inOrderOfTrial(eligible, this.command.edgeId, random));
      const answer = await this.fromPage(left);
      if (answer !== undefined) return answer;
      from = page.next;
      if (from === undefined) break;
    }
    return undefined;
  }

  /** First come, first served: of few gateways, those who wait before this call get theirs first. */
  private async leftForUs(page: readonly Candidate[]): Promise<readonly Candidate[]> {
    if (this.isOurTurn || page.length === 0 || page.length >= fewCandidates) return page;
    const served = await serveThoseAhead(this.command, page, this.deps);
    this.isOurTurn = served.isOurTurn;
    if (served.silent.length > 0) this.inTheEnd(endSilent(served.silent, this.deps.now(), this.deps));
    return served.left;
  }

  private async fromPage(page: readonly Candidate[]): Promise<AllocateAnswer | undefined> {
    let candidates = page;
    let dead = 0;
    while (candidates.length > 0) {
      const [candidate, ...others] = candidates as [Candidate, ...Candidate[]];
      candidates = others;
      if (!this.pool.take(candidate)) {
        this.lostRaces += 1;
        continue;
      }
      const tried = await this.try(candidate);
      if ('answer' in tried) return tried.answer;
      this.pool.release(candidate);
      const nowMs = this.deps.now();
      if (tried.gateway !== undefined && isLive(tried.gateway, nowMs)) {
        this.lostRaces += 1;
        this.conflicts += 1;
        continue;
      }
      if (tried.gateway !== undefined) this.sweep([tried.gateway]);
      dead += 1;
      if (dead !== deadBeforeReading || others.length === 0) continue;
      const rest = await readGateways(this.deps.table, others);
      this.sweep(rest.filter((one) => !isLive(one, nowMs)));
      candidates = givableOf(rest, nowMs);
    }
    return undefined;
  }

  private isExcluded({ username }: Candidate): boolean {
    return excludedGateways(this.command, this.side.call).has(username);
  }

  /**
   * Tries one candidate until it is ours, or known to be another's.
   * @returns the answer, or the candidate's item as it is
   */
  private async try(
    candidate: Candidate,
  ): Promise<{ answer: AllocateAnswer } | { gateway: Gateway | undefined }> {
    let conflicts = 0;
    while (!this.isExcluded(candidate)) {
      this.transactions += 1;
      if (this.transactions > maxTransactions) {
        throw new TableContention(
          `no lock for call ${this.command.callId} in ${maxTransactions} transactions`,
        );
      }
      const locked = await lockGateway(candidate, this.command, this.side, this.deps);
      if (locked.result === 'answer') return locked;
      if (locked.result === 'taken' && !(await endLapsedLock(locked.gateway, this.deps))) return locked;
      if (locked.result === 'call-changed') this.side = locked.side;
      if (locked.result === 'conflict') {
        conflicts += 1;
        this.conflicts += 1;
        const mostMs = Math.min(conflictPauseMs * 2 ** conflicts, maxConflictPauseMs);
        await this.deps.pause(this.deps.random() * mostMs);
      }
    }
    return { gateway: undefined };
  }

  /**
   * A refusal is only right while the call has no gateway yet: the answer to this same attempt may have been lost,
   * and then nothing but its record knows.
   */
  private async settled(): Promise<AllocateAnswer | undefined> {
    const { call } = await readCallSide(this.command, this.deps);
    return call && answerFromCall(call, this.command, this.deps.now());
  }

  private sweep(gateways: readonly Gateway[]): void {
    this.inTheEnd(sweepExpired(gateways, this.deps));
  }

  /** What does not change the answer, but must be over with it: then Lambda stops the function's clock. */
  private inTheEnd(work: Promise<unknown>): void {
    const { warn } = this.deps;
    this.sweeps.push(work.catch((error: Error) => warn('what is gone stays for now', error)));
  }
}
