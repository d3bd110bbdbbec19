import { ownCopy } from '../../sip/own-copy.ts';

/** A map that forgets what was least recently read or written. Its keys may be parts of messages. */
export class LruMap<V> {
  /** The value, and the key that is kept. */
  readonly #entries = new Map<string, [string, V]>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#renew(entry);
    return entry[1];
  }

  set(key: string, value: V): void {
    const [kept] = this.#entries.get(key) ?? [ownCopy(key)];
    this.#renew([kept, value]);
    if (this.#entries.size <= this.#capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  #renew(entry: [string, V]): void {
    this.#entries.delete(entry[0]);
    this.#entries.set(entry[0], entry);
  }
}
