import { type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { algorithmOf, type DigestAlgorithm } from '../../sip/digest/auth-params.ts';
import { parseCredentials } from '../../sip/digest/credentials.ts';
import { digestResponse } from '../../sip/digest/response.ts';
import type { Clock } from '../ports.ts';
import { makeNonce, nonceKey, nonceRandomLength, readNonce } from './nonce.ts';
import { NonceCounts } from './replay.ts';

/** The passwords that are right now: the current one, and during a rotation the one before. */
export type Secrets = readonly [current: string, ...previous: string[]];

export interface DigestRequest {
  method: string;
  /** Value of Authorization or Proxy-Authorization. */
  authorization: string | undefined;
  /** The user that the request speaks for: the credentials must be this user's own. */
  username: string;
  /** Where the request came from. */
  address: string;
  /** Of an account of its own. None: the passwords that all gateways share. */
  password?: string | undefined;
}

/**
 * `challenge`: ask (again); with `stale` the nonce is no longer good, or is none that we gave to this address.
 * `refused`: a wrong answer, which counts towards a ban.
 */
export type DigestVerdict =
  | { result: 'accepted'; algorithm: DigestAlgorithm }
  | { result: 'challenge'; stale: boolean; why: 'no-credentials' | 'no-qop' | 'stale-nonce' | 'replayed' }
  | { result: 'refused'; why: 'wrong-password' | 'wrong-username' }
  | { result: 'malformed' };

export interface DigestOptions {
  /** Our domain. */
  realm: string;
  nonceLifetimeSec: number;
  clock: Clock;
  /** Nonces remembered against replay. */
  capacity?: number;
  random?: (length: number) => Buffer;
}

/** Edges' clocks differ: a nonce of another edge may come from the near future. */
const maxSkewMs = 60_000;
const nonceCountPattern = /^[0-9a-fA-F]{8}$/;

/** Compares in a time that does not tell where the two differ. */
function isEqualResponse(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given.toLowerCase());
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The server's side of digest authentication: RFC 3261 22, RFC 7616, RFC 8760. */
export class Digest {
  readonly #options: Required<DigestOptions>;
  readonly #counts: NonceCounts;
  #keysOf: { secrets: Secrets; keys: [KeyObject, ...KeyObject[]] } | undefined;

  constructor(options: DigestOptions) {
    this.#options = { capacity: 100_000, random: randomBytes, ...options };
    this.#counts = new NonceCounts(this.#options.capacity, options.clock.now());
  }

  /**
   * @param secrets the passwords; the current one makes the nonce
   * @param stale whether the password was right and only the nonce too old
   * @param algorithms those to offer, in this order
   * @param address the only one from which the answer counts
   * @returns one header value for each algorithm
   */
  challenges(
    secrets: Secrets,
    stale: boolean,
    algorithms: readonly DigestAlgorithm[],
    address: string,
  ): string[] {
    const { realm, random } = this.#options;
    const { now } = this.#expire();
    const [key] = this.#keys(secrets);
    return algorithms.map((algorithm) => {
      const nonce = makeNonce(key, now, random(nonceRandomLength), algorithm, audienceOf(realm, address));
      const staleFlag = stale ? ', stale=true' : '';
      return `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${staleFlag}`;
    });
  }

  /** Checks the credentials of a request. A right answer uses up its nonce count. */
  check(request: DigestRequest, secrets: Secrets): DigestVerdict {
    if (request.authorization === undefined) return ask('no-credentials');
    const credentials = parseCredentials(request.authorization, this.#options.realm);
    if (credentials === 'none') return ask('no-credentials');
    if (credentials === 'malformed') return { result: 'malformed' };

    const algorithm = algorithmOf(credentials.algorithm);
    if (algorithm === undefined) return ask('no-credentials');
    const { nonceCount, clientNonce } = credentials;
    // An answer without qop (RFC 2069) has no nonce count, so a replay would not be noticed: it is challenged again.
    if (credentials.qop?.toLowerCase() !== 'auth' || nonceCount === undefined || clientNonce === undefined) {
      return ask('no-qop');
    }
    if (!nonceCountPattern.test(nonceCount)) return { result: 'malformed' };
    // Before all that counts towards a ban: whoever sends in the name of another address has no nonce of it.
    const { nonce } = credentials;
    const audience = audienceOf(this.#options.realm, request.address);
    const issuedAt = readNonce(this.#keys(secrets), nonce, algorithm, audience);
    if (issuedAt === undefined) return ask('stale-nonce', true);
    if (credentials.username !== request.username) return { result: 'refused', why: 'wrong-username' };

    // The `uri` is hashed but need not be the Request-URI (RFC 7616 3.4.6 leaves it to us): SIPp and clients behind
    // proxies write another, and a stolen answer is already refused by its nonce count.
    const passwords = request.password === undefined ? secrets : [request.password];
    const isRight = passwords.some((password) =>
      isEqualResponse(
        digestResponse({
          ...credentials,
          algorithm,
          password,
          method: request.method,
          auth: { nonceCount, clientNonce },
        }),
        credentials.response,
      ),
    );
    if (!isRight) return { result: 'refused', why: 'wrong-password' };
    return this.#checkNonce({ nonce, issuedAt }, Number.parseInt(nonceCount, 16), algorithm);
  }

  /** The password was right: is the nonce young, and used for the first time with this count? */
  #checkNonce(
    { nonce, issuedAt }: { nonce: string; issuedAt: number },
    count: number,
    algorithm: DigestAlgorithm,
  ): DigestVerdict {
    const { before, latest } = this.#expire();
    if (issuedAt < before || issuedAt > latest) return ask('stale-nonce', true);
    if (this.#counts.isForgotten(nonce, issuedAt)) return ask('stale-nonce', true);
    return this.#counts.use(nonce, issuedAt, count)
      ? { result: 'accepted', algorithm }
      : ask('replayed', true);
  }

  /** @returns between which times a nonce was issued that counts, epoch ms, both included */
  #expire(): { before: number; now: number; latest: number } {
    const { nonceLifetimeSec, clock } = this.#options;
    const now = clock.now();
    const times = { before: now - nonceLifetimeSec * 1000, now, latest: now + maxSkewMs };
    this.#counts.expire(times);
    return times;
  }

  #keys(secrets: Secrets): [KeyObject, ...KeyObject[]] {
    if (this.#keysOf?.secrets !== secrets) {
      const [current, ...previous] = secrets;
      this.#keysOf = { secrets, keys: [nonceKey(current), ...previous.map(nonceKey)] };
    }
    return this.#keysOf.keys;
  }
}

/** Whom a nonce is for. */
const audienceOf = (realm: string, address: string): string => `${realm}\0${address}`;

const ask = (why: Extract<DigestVerdict, { result: 'challenge' }>['why'], stale = false): DigestVerdict => ({
  result: 'challenge',
  stale,
  why,
});
