import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AllocateAnswer, AllocateGateway, EdgeCall, Hangup } from '../../../contracts/commands.ts';
import { type Fact, type FactOf, type FactType, factSchema, factVersion } from '../../../contracts/facts.ts';
import type { ControlPlane, FactSink, NewFact } from '../../../sip-edge/ports.ts';
import type { SipPeer } from '../../support/sip-peer/peer.ts';

/** What the edge says, checked against the contract and kept. */
export class FactLog {
  readonly facts: Fact[] = [];
  /** Outlives the edge's application. */
  readonly stateDir = mkdtempSync(join(tmpdir(), 'edge-'));
  readonly #edgeId: string;

  constructor(edgeId: string) {
    this.#edgeId = edgeId;
  }

  keep(said: NewFact): Fact {
    const envelope = { version: factVersion, id: crypto.randomUUID(), at: Date.now(), edgeId: this.#edgeId };
    const fact = factSchema.parse({ ...envelope, ...said });
    this.facts.push(fact);
    return fact;
  }

  factsOf<T extends FactType>(type: T): FactOf<T>[] {
    return this.facts.filter((fact): fact is FactOf<T> => fact.type === type);
  }

  /** Facts that end a call: there must be one for each. */
  get ends(): Fact[] {
    return this.facts.filter(({ type }) => /^call\.(ended|failed|cancelled)$/.test(type));
  }
}

/** Where a gateway is. */
export type TestGateway = Pick<SipPeer, 'name' | 'contact' | 'port' | 'transport'>;

/** The answer that gives a call a gateway, which has registered at this edge. */
export const granted = (
  { name, contact, port, transport }: TestGateway,
  attempt: number,
  gatewayEdgeId = 'edge-1',
): AllocateAnswer => ({
  result: 'granted',
  username: name,
  contact,
  received: { address: '127.0.0.1', port, protocol: transport },
  gatewayEdgeId,
  attempt,
  lockedUntil: Date.now() + 120_000,
});

/** What an edge under test talks to. */
export interface TestWorld
  extends FactLog,
    FactSink,
    Pick<ControlPlane, 'allocate' | 'listEdgeCalls' | 'renewEdge'> {
  /** Registers a gateway. */
  add(gateway: TestGateway): unknown;
  /** @returns whether nothing is locked for any call */
  isUnlocked(): Promise<boolean> | boolean;
}

/*
 * The control plane as far as a call sees it, in memory: gateways are given in order, a lock is held until a fact
 * ends it. What a test wants otherwise it puts into `script`.
 */
export class TestControlPlane extends FactLog implements TestWorld {
  readonly commands: AllocateGateway[] = [];
  /** The answers to the next commands, before the gateways are looked at. */
  readonly script: ((command: AllocateGateway) => Promise<AllocateAnswer> | AllocateAnswer)[] = [];
  /** Username → the call that holds it. */
  readonly locks = new Map<string, string>();
  /** Which gateways a command may be given, among the free ones. */
  limit: (command: AllocateGateway, gateway: TestGateway) => boolean = () => true;
  readonly #gateways = new Map<string, TestGateway>();
  readonly #granted = new Map<string, AllocateAnswer>();
  readonly #calls = new Map<string, EdgeCall>();
  readonly #outOfService = new Set<string>();
  readonly #edgeId: string;

  constructor(edgeId: string) {
    super(edgeId);
    this.#edgeId = edgeId;
  }

  add(gateway: TestGateway): void {
    this.#gateways.set(gateway.name, gateway);
  }

  async allocate(command: AllocateGateway): Promise<AllocateAnswer> {
    this.commands.push(structuredClone(command));
    const scripted = this.script.shift();
    return scripted ? scripted(command) : this.grant(command);
  }

  grant(command: AllocateGateway): AllocateAnswer {
    const key = `${command.callId} ${command.attempt}`;
    const before = this.#granted.get(key);
    if (before) return before;
    this.#release(command.callId);
    const last = command.failed.at(-1);
    if (last?.cause === 'silent') this.#outOfService.add(last.username);
    const tried = new Set(command.failed.map(({ username }) => username));
    for (const [username, gateway] of this.#gateways) {
      if (tried.has(username) || this.locks.has(username) || this.#outOfService.has(username)) continue;
      if (command.gateway !== undefined && command.gateway !== username) continue;
      if (!this.limit(command, gateway)) continue;
      this.locks.set(username, command.callId);
      const answer = granted(gateway, command.attempt, this.#edgeId);
      this.#granted.set(key, answer);
      return answer;
    }
    if (command.gateway !== undefined && !this.#gateways.has(command.gateway)) {
      return { result: 'refused', outcome: 'not-registered' };
    }
    return { result: 'refused', outcome: 'pool-exhausted', cause: 'none-free', retryAfterSec: 7 };
  }

  async listEdgeCalls(): Promise<{ calls: EdgeCall[] }> {
    return { calls: [...this.#calls.values()] };
  }

  async renewEdge(): Promise<{ hangups: Hangup[] }> {
    return { hangups: [] };
  }

  publish(said: NewFact): void {
    const fact = this.keep(said);
    switch (fact.type) {
      case 'call.offered':
        this.#calls.set(fact.callId, { ...fact, state: 'offered', offeredAt: fact.at });
        break;
      case 'call.answered':
        this.#calls.set(fact.callId, { ...fact, state: 'answered', offeredAt: fact.at });
        break;
      case 'call.ended':
      case 'call.failed':
      case 'call.cancelled':
        this.#calls.delete(fact.callId);
        this.#release(fact.callId);
    }
  }

  isUnlocked(): boolean {
    return this.locks.size === 0;
  }

  #release(callId: string): void {
    for (const [username, holder] of this.locks) if (holder === callId) this.locks.delete(username);
  }
}
