import type { AllocateGateway } from '../../../../contracts/commands.ts';
import type { Fact } from '../../../../contracts/facts.ts';
import { allocateCommand, managed, type World } from '../world.ts';
import type { CallModel, Finished, Process } from './model.ts';

/** What really is: who owns which gateway, until when. None of the functions knows all of it. */
export class Truth {
  readonly world: World;
  readonly processes: Process[];
  readonly finished: Finished[] = [];
  readonly calls: CallModel[] = [];
  readonly undelivered: Fact[] = [];
  readonly delivered: Fact[] = [];
  /** As its lease goes, epoch milliseconds; undefined before it has asked anything. */
  edge: { begunAt: number; leaseUntil: number } | undefined;
  #serial = 0;

  constructor(world: World, gateways: number) {
    this.world = world;
    this.processes = Array.from({ length: gateways }, (_, n) => this.newProcess(managed(n + 1)));
  }

  /** The call lets go of whatever gateway it owns. */
  release(call: CallModel, becomes: 'free' | 'silent' | 'over', atHand = true): void {
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

  edgeEnds(call: CallModel, outcome: 'answered' | 'gateway-lost' = 'answered'): void {
    const { callId } = call;
    const gateway = this.lastGrant(call)?.username;
    if (call.phase === 'answered' && gateway !== undefined) {
      this.publish({ type: 'call.ended', callId, gateway, by: 'caller', outcome });
    } else this.publish({ type: 'call.cancelled', callId, gatewayAnswered: false });
    call.phase = 'over';
    for (const one of this.processes) if (one.inCall === callId) delete one.inCall;
  }

  leaveCall(process: Process, outcome: 'answered' | 'gateway-lost'): void {
    const call = this.calls.find((one) => one.callId === process.inCall);
    if (call !== undefined && call.phase === 'answered') this.edgeEnds(call, outcome);
  }

  canBeGiven(process: Process, command?: AllocateGateway, call?: CallModel): boolean {
    const excluded = [...(command?.failed.map((one) => one.username) ?? [])];
    const current = call && this.lastGrant(call);
    if (current !== undefined) excluded.push(current.username);
    return (
      this.isRegistered(process) &&
      !this.isOwned(process) &&
      process.state !== 'silent' &&
      process.state !== 'held' &&
      !excluded.includes(process.username)
    );
  }

  isRegistered(process: Process): boolean {
    return process.expiresAt > Math.floor(this.world.nowMs / 1000);
  }

  /** A lock that is over holds while its call is open and has an edge that may tell of it. */
  isOwned(process: Process): boolean {
    const { owner } = process;
    if (owner === undefined || owner.until >= this.world.nowMs) return owner !== undefined;
    const call = this.calls.find((one) => one.callId === owner.callId);
    const isIts = call !== undefined && this.lastGrant(call)?.username === process.username;
    return this.edge !== undefined && isIts && !call.closed;
  }

  /** Its lock is not over. */
  isLockedForOther({ owner }: Process, call: CallModel): boolean {
    return owner !== undefined && owner.until >= this.world.nowMs && owner.callId !== call.callId;
  }

  /** Whether an operator holds it. */
  isHeld(process: Process): boolean {
    return process.state === 'held' && this.isRegistered(process);
  }

  isOwnedByOther(process: Process, call: CallModel): boolean {
    return this.isOwned(process) && process.owner?.callId !== call.callId;
  }

  noteRegistered(process: Process, expiresSec: number): void {
    const staysHeld = this.isHeld(process);
    process.expiresAt = Math.ceil(this.world.nowMs / 1000) + expiresSec;
    if (this.isOwned(process) || staysHeld) return;
    process.state = 'free';
    delete process.owner;
  }

  /** The process that was granted, if it is still the one running (a changed Call-ID is the same process). */
  processOf(grant: { username: string; contact: string }): Process | undefined {
    return this.processes.find((one) => one.username === grant.username && one.contact === grant.contact);
  }

  lastGrant(call: CallModel) {
    const last = Math.max(...call.grants.keys());
    return call.grants.get(last);
  }

  pickCall(pick: number, phase: CallModel['phase']): CallModel | undefined {
    const calls = this.calls.filter((one) => one.phase === phase);
    return calls[pick % Math.max(1, calls.length)];
  }

  command(call: CallModel): AllocateGateway {
    const { callId, attempt, failed } = call;
    return allocateCommand({ callId, attempt, failed });
  }

  publish(fact: Parameters<World['fact']>[0]): void {
    this.undelivered.push(this.world.fact(fact));
  }

  newCall(): CallModel {
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

  newProcess(username: string): Process {
    const registrationId = this.fresh('reg');
    const contact = `sip:${registrationId}@10.0.0.7`;
    return { username, registrationId, contact, cseq: 0, expiresAt: 0, state: 'off' };
  }

  fresh(kind: string): string {
    this.#serial += 1;
    return `${kind}-${this.#serial}`;
  }
}
