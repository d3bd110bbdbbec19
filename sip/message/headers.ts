import { ownCopy } from '../own-copy.ts';

/** Compact header names (RFC 3261 7.3.3 and the registrations of RFC 3515, 6665, 3892, 4028, 3841, 4412). */
export const compactNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: 'Accept-Contact',
    b: 'Referred-By',
    c: 'Content-Type',
    d: 'Request-Disposition',
    e: 'Content-Encoding',
    f: 'From',
    i: 'Call-ID',
    j: 'Reject-Contact',
    k: 'Supported',
    l: 'Content-Length',
    m: 'Contact',
    o: 'Event',
    r: 'Refer-To',
    s: 'Subject',
    t: 'To',
    u: 'Allow-Events',
    v: 'Via',
    x: 'Session-Expires',
    y: 'Identity',
  }),
);

const tokenPattern = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/*
 * Header names repeat in every message, so each spelling is lowered and checked once. Bounded, because the
 * spellings come from the network.
 */
const maxKnownSpellings = 1000;
const keyOfSpelling = new Map<string, string>();

/**
 * @param name a header's name in any spelling, long or compact
 * @returns its lower-case long name, the key used throughout, or undefined where it is no token
 */
export function headerKey(name: string): string | undefined {
  const known = keyOfSpelling.get(name);
  if (known !== undefined) return known;
  if (!tokenPattern.test(name)) return undefined;
  const lower = name.toLowerCase();
  const key = compactNames.get(lower)?.toLowerCase() ?? lower;
  if (keyOfSpelling.size < maxKnownSpellings) keyOfSpelling.set(ownCopy(name), ownCopy(key));
  return key;
}

export type HeaderLine = readonly [name: string, value: string];

/** A header that would break the message apart: a line break in a value, or a name that is no token. */
export class SipHeaderError extends Error {
  override readonly name = 'SipHeaderError';
}

/**
 * The headers of a message, in order, each under its own line. Names keep the spelling they came with (compact
 * ones become long); look-ups take the lower-case long name. A linear search over some fifteen short interned
 * strings is faster than a map here, and keeps the order that Via and Route need.
 */
export class SipHeaders {
  /** Lower-case long names, as wide as `names` and `values`. */
  readonly keys: string[] = [];
  readonly names: string[] = [];
  readonly values: string[] = [];

  /** @returns the first value under `key` (lower-case long name) */
  get(key: string): string | undefined {
    const at = this.keys.indexOf(key);
    return at < 0 ? undefined : this.values[at];
  }

  /** @returns all values under `key`, one a line, in order; a line may hold a comma-separated list */
  getAll(key: string): string[] {
    const found: string[] = [];
    for (let at = this.keys.indexOf(key); at >= 0; at = this.keys.indexOf(key, at + 1)) {
      found.push(this.values[at] as string);
    }
    return found;
  }

  has(key: string): boolean {
    return this.keys.includes(key);
  }

  /** Adds a line at the end. @throws SipHeaderError on a bad name or a line break in the value */
  append(name: string, value: string): this {
    const key = checked(name, value);
    this.keys.push(key);
    this.names.push(compactNames.get(name.toLowerCase()) ?? name);
    this.values.push(value);
    return this;
  }

  /** Adds a line before all others (Via). @throws SipHeaderError as `append` */
  prepend(name: string, value: string): this {
    this.keys.unshift(checked(name, value));
    this.names.unshift(compactNames.get(name.toLowerCase()) ?? name);
    this.values.unshift(value);
    return this;
  }

  /** Replaces all lines of this name by one, at the place of the first. @throws SipHeaderError as `append` */
  set(name: string, value: string): this {
    const key = checked(name, value);
    const at = this.keys.indexOf(key);
    if (at < 0) return this.append(name, value);
    this.values[at] = value;
    for (let next = this.keys.indexOf(key, at + 1); next >= 0; next = this.keys.indexOf(key, next)) {
      this.removeAt(next);
    }
    return this;
  }

  remove(key: string): this {
    for (let at = this.keys.indexOf(key); at >= 0; at = this.keys.indexOf(key, at)) this.removeAt(at);
    return this;
  }

  clone(): SipHeaders {
    const copy = new SipHeaders();
    copy.keys.push(...this.keys);
    copy.names.push(...this.names);
    copy.values.push(...this.values);
    return copy;
  }

  /** For the parser, which has checked key and value already. */
  pushParsed(key: string, name: string, value: string): void {
    this.keys.push(key);
    this.names.push(name.length === 1 ? (compactNames.get(name.toLowerCase()) ?? name) : name);
    this.values.push(value);
  }

  private removeAt(at: number): void {
    this.keys.splice(at, 1);
    this.names.splice(at, 1);
    this.values.splice(at, 1);
  }
}

function checked(name: string, value: string): string {
  const key = headerKey(name);
  if (key === undefined) throw new SipHeaderError(`not a header name: ${JSON.stringify(name.slice(0, 40))}`);
  if (value.includes('\n') || value.includes('\r') || value.includes('\0')) {
    throw new SipHeaderError(`line break in the value of ${name}`);
  }
  return key;
}
