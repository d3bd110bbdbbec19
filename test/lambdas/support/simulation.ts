import assert from 'node:assert/strict';
import type { AllocateAnswer, AllocateGateway, AttemptFailure } from '../../../contracts/commands.ts';
import type { Fact } from '../../../contracts/facts.ts';
import type { Gateway } from '../../../lambdas/domain/gateway/gateway.ts';
import type { Item } from '../../../lambdas/store/attributes.ts';
import { allocateCommand, managed, registerCommand, type World } from './world.ts';

/*
 * Gateways, callers and an edge that live against the real functions and the real table, with the knowledge that
 * none of them has: who owns which gateway, until when. After each step the table must agree with that knowledge.
 */

/** A running gateway process: a restart makes another one under the same username. */
interface Process {
  username: string;
  registrationId: string;
  contact: string;
  cseq: number;
  /** Epoch seconds; 0 while it is not registered. */
  expiresAt: number;
  state: 'off' | 'free' | 'owned' | 'silent';
  /** Who was given it; `until` is past for a lock that lapsed and that nobody has cleared away. */
  owner?: { callId: string; until: number };
  /** The call it is really in, which the table may not know yet. */
  inCall?: string;
}

/** A registration whose call is over: its refresh must be refused. */
interface Finished {
  username: string;
  registrationId: string;
  contact: string;
  cseq: number;
  overAt: number;
}

interface CallModel {
  callId: string;
  attempt: number;
  failed: AttemptFailure[];
  phase: 'asking' | 'offered' | 'answered' | 'over';
  /** What was granted at each attempt, also where the reply was lost. */
  grants: Map<number, Extract<AllocateAnswer, { result: 'granted' }> & { registrationId: string }>;
  /** Its record is ended: by a fact that has arrived, or by the sweep. */
  closed: boolean;
  confirmed: boolean;
  /** Gateways that were told lost while they held it. */
  lost: Set<string>;
}

export interface Step {
  kind: Kind;
  /** Chooses the gateway, the call or the fact. */
  pick: number;
  /** Chooses how: which failure, how long, how many. */
  how: number;
  /** The reply gets lost; the same is asked again, at once or much later. */
  lost: boolean;
}

export const kinds = [
  'register',
  'refresh',
  'changeCallId',
  'restart',
  'unregister',
  'lateRefresh',
  'call',
  'askAgain',
  'failAttempt',
  'answer',
  'end',
  'cancel',
  'giveUp',
  'deliver',
  'deliverTwice',
  'pass',
  'sweep',
  'rush',
  'rushOfFacts',
] as const;
export type Kind = (typeof kinds)[number];

const tombstoneMs = 600_000;
const staleOfferMs = 60_000;

export class Simulation {
  private readonly world: World;
  private readonly processes: Process[];
  private readonly finished: Finished[] = [];
  private readonly calls: CallModel[] = [];
  private undelivered: Fact[] = [];
  private readonly delivered: Fact[] = [];
  private serial = 0;

  constructor(world: World, gateways: number) {
    this.world = world;
    this.processes = Array.from({ length: gateways }, (_, n) => this.newProcess(managed(n + 1)));
  }

  async take(step: Step): Promise<void> {
    await this[step.kind](step);
    await this.check();
  }

  /** The edge ends all calls, every fact arrives: nothing may stay locked. */
  async finish(): Promise<void> {
    for (const call of this.calls) if (call.phase !== 'over') this.edgeEnds(call);
    while (this.undelivered.length > 0) await this.deliver({ pick: this.undelivered.length * 7 });
    await this.check();
    for (const gateway of await this.tableGateways()) {
      assert.ok(!['locked', 'busy'].includes(gateway.state), `${gateway.username} stays ${gateway.state}`);
      assert.equal(gateway.lockedBy, undefined);
    }
    for (const call of this.calls) {
      const record = await this.world.call(call.callId);
      assert.ok(record === undefined || record.state === 'ended', `call ${call.callId} stays open`);
    }
  }

  // --- gateways

  async register({ pick, how, lost }: Step): Promise<void> {
    const process = at(this.processes, pick);
    process.cseq += 1;
    const expiresSec = 60 + (how % 10) * 60;
    const contacts = [{ uri: process.contact, expiresSec }];
    const { username, registrationId, cseq } = process;
    const command = registerCommand({ username, registrationId, cseq, contacts });
    const answer = await this.world.register(command);
    if (lost) assert.deepEqual(await this.world.register(command), answer);
    assert.equal(answer.result, 'bindings', `${username} refused`);
    assert.ok(answer.result === 'bindings' && answer.lostCallId === undefined);
    this.noteRegistered(process, expiresSec);
  }

  async refresh(step: Step): Promise<void> {
    await this.register(step);
  }

  /** A client that takes a new Call-ID for the same contact. */
  async changeCallId(step: Step): Promise<void> {
    const process = at(this.processes, step.pick);
    if (!this.isRegistered(process)) return;
    process.registrationId = this.fresh('reg');
    process.cseq = 0;
    await this.register(step);
  }

  async restart({ pick, how, lost }: Step): Promise<void> {
    const old = at(this.processes, pick);
    const process = this.newProcess(old.username);
    this.processes[this.processes.indexOf(old)] = process;
    process.cseq = 1;
    const expiresSec = 60 + (how % 10) * 60;
    const { username, registrationId, contact } = process;
    const contacts = [{ uri: contact, expiresSec }];
    const command = registerCommand({ username, registrationId, cseq: 1, contacts });
    const answer = await this.world.register(command);
    if (lost) assert.deepEqual(await this.world.register(command), answer);
    const held = this.isHeld(old) ? old.owner?.callId : undefined;
    assert.ok(answer.result === 'bindings' && answer.fresh);
    assert.equal(answer.lostCallId, held, 'the call that the old process held is told lost');
    this.noteRegistered(process, expiresSec);
    if (held !== undefined)
      this.publish({ type: 'gateway.lost', callId: held, username, cause: 'started anew' });
    this.leaveCall(old, 'gateway-lost');
  }

  async unregister({ pick, lost }: Step): Promise<void> {
    const process = at(this.processes, pick);
    process.cseq += 1;
    const { username, registrationId, cseq } = process;
    const ask = () => this.world.unregister({ username, registrationId, cseq });
    const answer = await ask();
    if (lost) assert.deepEqual(await ask(), answer);
    assert.deepEqual(answer, { result: 'bindings', contacts: [], fresh: false });
    // Goodbye is forever: the process exits, the next one has another Call-ID.
    this.leaveCall(process, 'answered');
    this.processes[this.processes.indexOf(process)] = this.newProcess(username);
  }

  async lateRefresh({ pick }: Step): Promise<void> {
    const recent = this.finished.filter((one) => this.world.nowMs < one.overAt + tombstoneMs - 1000);
    const one = recent[pick % Math.max(1, recent.length)];
    if (one === undefined) return;
    one.cseq += 1;
    const { username, registrationId, cseq, contact } = one;
    const contacts = [{ uri: contact, expiresSec: 60 }];
    const answer = await this.world.register({ username, registrationId, cseq, contacts });
    assert.deepEqual(answer, { result: 'refused', reason: 'call-over' });
  }

  // --- calls

  async call({ lost }: Step): Promise<void> {
    await this.ask(this.newCall(), lost);
  }

  /** The edge asks again after a lost reply; or a request that was long under way arrives after all. */
  async askAgain({ pick, lost }: Step): Promise<void> {
    const call = this.calls[pick % Math.max(1, this.calls.length)];
    if (call !== undefined) await this.ask(call, lost);
  }

  async failAttempt({ pick, how, lost }: Step): Promise<void> {
    const call = this.pickCall(pick, 'offered');
    const grant = call && this.lastGrant(call);
    if (call === undefined || grant === undefined || call.attempt >= 3) return;
    call.failed = [
      ...call.failed,
      { username: grant.username, cause: how % 2 === 0 ? 'rejected' : 'silent' },
    ];
    call.attempt += 1;
    call.phase = 'asking';
    await this.ask(call, lost);
  }

  async answer({ pick }: Step): Promise<void> {
    const call = this.pickCall(pick, 'offered');
    const grant = call && this.lastGrant(call);
    const process = grant && this.processOf(grant);
    // One gateway takes one call: a second one would be rejected.
    if (call === undefined || process === undefined || process.inCall !== undefined) return;
    process.inCall = call.callId;
    call.phase = 'answered';
    this.publish({
      type: 'call.answered',
      callId: call.callId,
      gateway: process.username,
      receivedAt: this.world.nowMs,
      callerDialogId: `${call.callId}-a`,
      gatewayDialogId: `${call.callId}-b`,
    });
  }

  async end({ pick }: Step): Promise<void> {
    const call = this.pickCall(pick, 'answered');
    if (call !== undefined) this.edgeEnds(call);
  }

  /** The caller gives up: while the edge still asks, while it rings, or as the gateway answers. */
  async cancel({ pick, how }: Step): Promise<void> {
    const call = this.pickCall(pick, 'offered') ?? this.pickCall(pick, 'asking');
    if (call === undefined) return;
    const grant = call.phase === 'offered' ? this.lastGrant(call) : undefined;
    const process = grant && this.processOf(grant);
    const gatewayAnswered = how % 2 === 0 && process !== undefined && process.inCall === undefined;
    call.phase = 'over';
    this.publish({
      type: 'call.cancelled',
      callId: call.callId,
      gatewayAnswered,
      ...(grant && { gateway: grant.username }),
    });
  }

  async giveUp({ pick, how }: Step): Promise<void> {
    const call = this.pickCall(pick, 'offered') ?? this.pickCall(pick, 'asking');
    if (call === undefined) return;
    const grant = call.phase === 'offered' ? this.lastGrant(call) : undefined;
    const cause = how % 2 === 0 ? ('rejected' as const) : ('silent' as const);
    const failed = grant ? [...call.failed, { username: grant.username, cause }] : call.failed;
    call.phase = 'over';
    const { callId } = call;
    this.publish({
      type: 'call.failed',
      callId,
      outcome: 'gateway-failed',
      failed,
      ...(grant && { gateway: grant.username }),
    });
  }

  // --- facts and time

  async deliver({ pick }: Pick<Step, 'pick'>): Promise<void> {
    if (this.undelivered.length === 0) return;
    const [fact] = this.undelivered.splice(pick % this.undelivered.length, 1) as [Fact];
    await this.tell(fact);
  }

  async deliverTwice({ pick }: Step): Promise<void> {
    const fact = this.delivered[pick % Math.max(1, this.delivered.length)];
    if (fact !== undefined) await this.tell(fact);
  }

  async pass({ how }: Step): Promise<void> {
    this.world.nowMs += [1, 137, 5_000, 30_500, 61_000, 121_000][how % 6] as number;
  }

  async sweep(): Promise<void> {
    const { nowMs } = this.world;
    await this.world.hangups('edge-1', { leaseSec: 60 });
    await this.world.sweep();
    for (const call of this.calls) {
      const grant = this.lastGrant(call);
      if (grant === undefined || call.closed || call.confirmed) continue;
      if (grant.lockedUntil >= nowMs - staleOfferMs) continue;
      this.release(call, 'free');
      call.closed = true;
    }
  }

  /** Callers, repetitions and refreshes at the very same moment. */
  async rush({ how, pick }: Step): Promise<void> {
    const calls = Array.from({ length: 2 + (how % 5) }, () => this.newCall());
    const refreshing = this.processes.filter((one, i) => this.isRegistered(one) && (i + pick) % 2 === 0);
    for (const one of refreshing) one.cseq += 1;
    const free = this.processes.filter((one) => this.canBeGiven(one)).length;
    const asked = [...calls, ...calls.slice(0, 2)];
    const [answers] = await Promise.all([
      Promise.all(asked.map((call) => this.world.allocate(this.command(call)))),
      Promise.all(
        refreshing.map(({ username, registrationId, cseq, contact }) => {
          const contacts = [{ uri: contact, expiresSec: 300 }];
          return this.world.register({ username, registrationId, cseq, contacts });
        }),
      ),
    ]);
    for (const one of refreshing) this.noteRegistered(one, 300);
    for (const [i, answer] of answers.entries()) this.noteAnswer(asked[i] as CallModel, answer, false);
    const granted = calls.filter((call) => call.phase === 'offered').length;
    assert.ok(granted >= Math.min(free, calls.length), `${granted} of ${calls.length}, ${free} were free`);
  }

  async rushOfFacts({ pick }: Step): Promise<void> {
    const some = this.undelivered.splice(pick % Math.max(1, this.undelivered.length), 3);
    // Only of different calls: what two facts of one call do at once is shown where the order is.
    const first = some.filter((fact, i) => some.findIndex((one) => callIdOf(one) === callIdOf(fact)) === i);
    this.undelivered.push(...some.filter((fact) => !first.includes(fact)));
    const notes = await Promise.all(first.map((fact) => this.foresee(fact)));
    await Promise.all(first.map((fact) => this.world.say(fact)));
    for (const note of notes) note();
  }

  // --- what the simulation knows

  private async ask(call: CallModel, lost: boolean): Promise<void> {
    const command = this.command(call);
    const free = this.processes.filter((one) => this.canBeGiven(one, command, call));
    const answer = await this.world.allocate(command);
    const again = call.closed || call.grants.has(call.attempt);
    this.noteAnswer(call, answer, lost);
    // The record of a call that is over tells its outcome; only the pool tells a cause.
    if (answer.result === 'refused' && answer.cause !== undefined) {
      assert.ok(!again, 'a settled attempt is not answered from the pool');
      assert.deepEqual(free, [], 'refused while a gateway is free');
      if (call.phase === 'asking') call.phase = 'over';
      this.publish({
        type: 'call.failed',
        callId: call.callId,
        outcome: answer.outcome,
        failed: call.failed,
      });
    }
    if (lost) this.noteAnswer(call, await this.world.allocate(command), false);
  }

  private noteAnswer(call: CallModel, answer: AllocateAnswer, lost: boolean): void {
    const before = call.grants.get(call.attempt);
    if (answer.result !== 'granted') return;
    assert.ok(!call.closed, 'a call that is over is granted nothing');
    if (call.phase === 'asking' && !lost) call.phase = 'offered';
    if (before !== undefined) {
      const { registrationId: _, ...sameAsBefore } = before;
      assert.deepEqual(answer, sameAsBefore, 'the same attempt always gets the same gateway');
      const promised = this.processOf(before);
      assert.ok(answer.lockedUntil >= this.world.nowMs, 'a lapsed lock is promised again');
      assert.ok(promised === undefined || !this.isHeldByOther(promised, call), 'promised what another owns');
      return;
    }
    const process = this.processes.find((one) => one.username === answer.username);
    assert.ok(process && this.isRegistered(process), `${answer.username} is not registered`);
    assert.equal(answer.contact, process.contact);
    assert.ok(
      !this.isHeld(process),
      `${answer.username} has two owners: ${process.owner?.callId}, ${call.callId}`,
    );
    assert.notEqual(process.state, 'silent', `${answer.username} is silent`);
    assert.ok(
      !call.failed.some((one) => one.username === answer.username),
      'a gateway that failed this call',
    );
    assert.equal(answer.lockedUntil, this.world.nowMs + this.world.leaseMs);
    const last = call.failed.at(-1);
    if (last !== undefined) this.release(call, last.cause === 'silent' ? 'silent' : 'free');
    process.state = 'owned';
    process.owner = { callId: call.callId, until: answer.lockedUntil };
    call.grants.set(call.attempt, { ...answer, registrationId: process.registrationId });
  }

  private async tell(fact: Fact): Promise<void> {
    const note = await this.foresee(fact);
    await this.world.say(fact);
    note();
    this.delivered.push(fact);
  }

  /** What a fact will do, judged from before it arrives. */
  private async foresee(fact: Fact): Promise<() => void> {
    const call = this.calls.find((one) => one.callId === callIdOf(fact));
    if (call === undefined) throw new Error('no such call');
    const grant = this.lastGrant(call);
    const atHand = grant && (await this.world.gateway(grant.username)) !== undefined;
    if (fact.type === 'call.answered') {
      return () => {
        if (call.closed) return;
        call.confirmed = true;
        call.closed = grant !== undefined && call.lost.has(grant.username);
        if (call.closed) return;
        const process = grant && this.processOf(grant);
        if (process === undefined || this.isHeldByOther(process, call) || !atHand) return;
        const owns = process.owner?.callId === call.callId;
        const mayClaim = process.registrationId === grant?.registrationId && process.state !== 'silent';
        if (!owns && !mayClaim) return;
        process.state = 'owned';
        process.owner = { callId: call.callId, until: Number.POSITIVE_INFINITY };
      };
    }
    const { afterCall } = this.world.deps;
    if (fact.type === 'gateway.lost') {
      return () => {
        call.lost.add(fact.username);
        if (call.confirmed && grant?.username === fact.username) call.closed = true;
      };
    }
    return () => {
      const lost = fact.type === 'call.ended' && fact.outcome === 'gateway-lost';
      const after = fact.type === 'call.ended' || (fact.type === 'call.cancelled' && fact.gatewayAnswered);
      if (lost) this.release(call, afterCall === 'stop' ? 'over' : 'silent', atHand);
      else if (after) this.release(call, afterCall === 'stop' ? 'over' : 'free', atHand);
      else if (fact.type === 'call.failed') {
        const owned = fact.gateway ?? grant?.username;
        const silent = fact.failed.findLast((one) => one.username === owned)?.cause === 'silent';
        this.release(call, silent ? 'silent' : 'free');
      } else this.release(call, 'free');
      call.closed = true;
    };
  }

  /** The call lets go of whatever gateway it owns. */
  private release(call: CallModel, becomes: 'free' | 'silent' | 'over', atHand = true): void {
    const owned = this.processes.find((one) => one.owner?.callId === call.callId);
    const grant = this.lastGrant(call);
    // Its location may be gone (it ran out and was swept) while the process is still there.
    const gone = atHand ? undefined : grant && this.processOf(grant);
    const process = owned ?? (becomes === 'over' && !call.closed ? gone : undefined);
    if (process === undefined) return;
    delete process.owner;
    if (process.inCall === call.callId) delete process.inCall;
    if (becomes !== 'over') {
      process.state = becomes;
      return;
    }
    const { username, registrationId, contact, cseq } = process;
    this.finished.push({ username, registrationId, contact, cseq, overAt: this.world.nowMs });
    this.processes[this.processes.indexOf(process)] = this.newProcess(username);
  }

  private edgeEnds(call: CallModel, outcome: 'answered' | 'gateway-lost' = 'answered'): void {
    const { callId } = call;
    const gateway = this.lastGrant(call)?.username;
    if (call.phase === 'answered' && gateway !== undefined) {
      this.publish({ type: 'call.ended', callId, gateway, by: 'caller', outcome });
    } else this.publish({ type: 'call.cancelled', callId, gatewayAnswered: false });
    call.phase = 'over';
    for (const one of this.processes) if (one.inCall === callId) delete one.inCall;
  }

  private leaveCall(process: Process, outcome: 'answered' | 'gateway-lost'): void {
    const call = this.calls.find((one) => one.callId === process.inCall);
    if (call !== undefined && call.phase === 'answered') this.edgeEnds(call, outcome);
  }

  /** The table must know what we know: who owns which gateway, and nothing else. */
  private async check(): Promise<void> {
    const items = new Map((await this.tableGateways()).map((one) => [one.username, one]));
    for (const process of this.processes) {
      const item = items.get(process.username);
      const what = `${process.username} in the table: ${JSON.stringify(item)}; in truth: ${JSON.stringify(process)}`;
      if (this.isHeld(process)) {
        assert.equal(item?.lockedBy, process.owner?.callId, `a lock is lost. ${what}`);
        const busy = process.owner?.until === Number.POSITIVE_INFINITY;
        assert.equal(item?.state, busy ? 'busy' : 'locked', what);
        if (!busy) assert.equal(item?.lockedUntil, process.owner?.until, what);
      } else if (item !== undefined && item.registrationId === process.registrationId) {
        const locked =
          item.state === 'busy' ||
          (item.state === 'locked' && !(Number(item.lockedUntil) < this.world.nowMs));
        assert.ok(!locked, `a lock nobody owns. ${what}`);
        if (this.isRegistered(process))
          assert.equal(item.state === 'silent', process.state === 'silent', what);
      }
      const inPool = item?.freeShard !== undefined;
      if (inPool) assert.ok(item?.state === 'free' || item?.state === 'locked', what);
      if (this.isRegistered(process) && !this.isHeld(process) && process.state !== 'silent') {
        assert.ok(inPool, `a free gateway is not in the pool. ${what}`);
      }
    }
  }

  private async tableGateways(): Promise<(Gateway & Item)[]> {
    const { items } = await this.world.table.scan(() => 'attribute_exists(contactUris)');
    return items as (Gateway & Item)[];
  }

  private canBeGiven(process: Process, command?: AllocateGateway, call?: CallModel): boolean {
    const excluded = [...(command?.failed.map((one) => one.username) ?? [])];
    const current = call && this.lastGrant(call);
    if (current !== undefined) excluded.push(current.username);
    return (
      this.isRegistered(process) &&
      !this.isHeld(process) &&
      process.state !== 'silent' &&
      !excluded.includes(process.username)
    );
  }

  private isRegistered(process: Process): boolean {
    return process.expiresAt > Math.floor(this.world.nowMs / 1000);
  }

  private isHeld(process: Process): boolean {
    return process.owner !== undefined && process.owner.until >= this.world.nowMs;
  }

  private isHeldByOther(process: Process, call: CallModel): boolean {
    return this.isHeld(process) && process.owner?.callId !== call.callId;
  }

  private noteRegistered(process: Process, expiresSec: number): void {
    process.expiresAt = Math.ceil(this.world.nowMs / 1000) + expiresSec;
    if (this.isHeld(process)) return;
    process.state = 'free';
    delete process.owner;
  }

  /** The process that was granted, if it is still the one running (a changed Call-ID is the same process). */
  private processOf(grant: { username: string; contact: string }): Process | undefined {
    return this.processes.find((one) => one.username === grant.username && one.contact === grant.contact);
  }

  private lastGrant(call: CallModel) {
    const last = Math.max(...call.grants.keys());
    return call.grants.get(last);
  }

  private pickCall(pick: number, phase: CallModel['phase']): CallModel | undefined {
    const calls = this.calls.filter((one) => one.phase === phase);
    return calls[pick % Math.max(1, calls.length)];
  }

  private command(call: CallModel): AllocateGateway {
    const { callId, attempt, failed } = call;
    return allocateCommand({ callId, attempt, failed });
  }

  private publish(fact: Parameters<World['fact']>[0]): void {
    this.undelivered.push(this.world.fact(fact));
  }

  private newCall(): CallModel {
    const call: CallModel = {
      callId: this.fresh('call'),
      attempt: 1,
      failed: [],
      phase: 'asking',
      grants: new Map(),
      closed: false,
      confirmed: false,
      lost: new Set(),
    };
    this.calls.push(call);
    return call;
  }

  private newProcess(username: string): Process {
    const registrationId = this.fresh('reg');
    const contact = `sip:${registrationId}@10.0.0.7`;
    return { username, registrationId, contact, cseq: 0, expiresAt: 0, state: 'off' };
  }

  private fresh(kind: string): string {
    this.serial += 1;
    return `${kind}-${this.serial}`;
  }
}

function at<T>(list: readonly T[], pick: number): T {
  return list[pick % list.length] as T;
}

function callIdOf(fact: Fact): string | undefined {
  return 'callId' in fact ? fact.callId : undefined;
}
