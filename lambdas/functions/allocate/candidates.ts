import type { Candidate } from '../../domain/gateway/gateway.ts';
import type { Item } from '../../store/attributes.ts';
import type { Table } from '../../store/table.ts';
import { type CandidatePage, candidatesOf } from './free-gateways.ts';

/**
 * What the allocations of one invocation see of the pool. They share the first look at each shard, and each keeps the
 * candidate that it tries from the others, so that calls of one moment do not race for the same gateway.
 */
export class SharedCandidates {
  readonly #table: Table;
  /** Allocations that share this. */
  readonly #sharing: number;
  readonly #firstPages = new Map<string, Promise<CandidatePage>>();
  readonly #tried = new Set<string>();

  constructor(table: Table, sharing: number) {
    this.#table = table;
    this.#sharing = sharing;
  }

  /** @throws TableUnavailable */
  page(shard: string, nowMs: number, from: Item | undefined): Promise<CandidatePage> {
    if (from !== undefined) return candidatesOf(this.#table, shard, nowMs, this.#sharing, from);
    const first = this.#firstPages.get(shard) ?? candidatesOf(this.#table, shard, nowMs, this.#sharing);
    this.#firstPages.set(shard, first);
    return first;
  }

  /** Another pass sees the pool as it is then. */
  lookAgain(): void {
    this.#firstPages.clear();
  }

  /** @returns whether no other of these allocations is at it */
  take({ username }: Candidate): boolean {
    if (this.#tried.has(username)) return false;
    this.#tried.add(username);
    return true;
  }

  /** It was not locked: the others may try. */
  release({ username }: Candidate): void {
    this.#tried.delete(username);
  }
}
