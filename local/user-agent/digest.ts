import { createHash, randomBytes } from 'node:crypto';
import { parseParams, splitOutside } from '../sip/index.ts';

/** A challenge of a 401 or 407 that can be answered here. */
export interface Challenge {
  realm: string;
  nonce: string;
  opaque?: string;
  algorithm: 'MD5' | 'SHA-256';
  /** Whether the server wants `qop=auth`; without, the old form of RFC 2069. */
  qopAuth: boolean;
  stale: boolean;
}

export interface Credentials {
  username: string;
  password: string;
}

const hashNames = { MD5: 'md5', 'SHA-256': 'sha256' } as const;

/**
 * Reads the challenges of an answer.
 * @param lines the values of WWW-Authenticate or Proxy-Authenticate
 * @returns the best that is understood: SHA-256 before MD5 (RFC 8760 2.4), or undefined where none is
 */
export function bestChallenge(lines: readonly string[]): Challenge | undefined {
  const known = lines.map(readChallenge).filter((challenge) => challenge !== undefined);
  return known.find(({ algorithm }) => algorithm === 'SHA-256') ?? known[0];
}

function readChallenge(line: string): Challenge | undefined {
  const scheme = /^\s*Digest\s+/i.exec(line);
  if (!scheme) return undefined;
  const params = parseParams(splitOutside(line.slice(scheme[0].length), ',').join(';'));
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const algorithm = (params.get('algorithm') ?? 'MD5').toUpperCase();
  if (realm === undefined || nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256'))
    return undefined;
  const qop = params.get('qop');
  const offered = qop?.split(',').map((option) => option.trim().toLowerCase());
  if (offered && !offered.includes('auth')) return undefined;
  const opaque = params.get('opaque');
  return {
    realm,
    nonce,
    algorithm,
    qopAuth: offered !== undefined,
    stale: params.get('stale')?.toLowerCase() === 'true',
    ...(opaque !== undefined && { opaque }),
  };
}

export interface DigestRequest extends Credentials {
  challenge: Challenge;
  method: string;
  /** Request-URI, as in the request line. */
  uri: string;
  /** How often this nonce has been used, this time included: from 1. */
  nonceCount: number;
  /** For tests; default random. */
  cnonce?: string;
}

/** @returns the value of Authorization or Proxy-Authorization (RFC 7616 3.4, RFC 8760) */
export function digestAnswer(of: DigestRequest): string {
  const { challenge, method, uri, username, password } = of;
  const hash = (text: string) => createHash(hashNames[challenge.algorithm]).update(text).digest('hex');
  const ha1 = hash(`${username}:${challenge.realm}:${password}`);
  const ha2 = hash(`${method}:${uri}`);
  const parts = [
    `username=${quoted(username)}`,
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(challenge.nonce)}`,
    `uri=${quoted(uri)}`,
    `algorithm=${challenge.algorithm}`,
  ];
  if (challenge.qopAuth) {
    const nc = of.nonceCount.toString(16).padStart(8, '0');
    const cnonce = of.cnonce ?? randomBytes(8).toString('hex');
    const response = hash(`${ha1}:${challenge.nonce}:${nc}:${cnonce}:auth:${ha2}`);
    parts.push('qop=auth', `nc=${nc}`, `cnonce=${quoted(cnonce)}`, `response=${quoted(response)}`);
  } else parts.push(`response=${quoted(hash(`${ha1}:${challenge.nonce}:${ha2}`))}`);
  if (challenge.opaque !== undefined) parts.push(`opaque=${quoted(challenge.opaque)}`);
  return `Digest ${parts.join(', ')}`;
}

const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

/** The header of each challenge and of its answer. */
const authHeaders = {
  401: { challenge: 'www-authenticate', answer: 'Authorization' },
  407: { challenge: 'proxy-authenticate', answer: 'Proxy-Authorization' },
} as const;

/**
 * Answers challenges for one user and remembers the last, so that the next request needs no challenge of its own.
 * A challenge that comes back at once for the same nonce means that the password is wrong.
 */
export class DigestClient {
  readonly #credentials: Credentials;
  #challenge: Challenge | undefined;
  #header: 'Authorization' | 'Proxy-Authorization' = 'Authorization';
  #nonceCount = 0;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** @returns the header for the next request, where a challenge is known */
  header(method: string, uri: string): readonly (readonly [name: string, value: string])[] {
    const challenge = this.#challenge;
    if (!challenge) return [];
    this.#nonceCount++;
    const answer = digestAnswer({
      ...this.#credentials,
      challenge,
      method,
      uri,
      nonceCount: this.#nonceCount,
    });
    return [[this.#header, answer]];
  }

  /**
   * Takes the challenge of an answer.
   * @param tries how often this request was sent already
   * @returns whether the request should be sent again
   */
  challenged(status: number, headers: { getAll(key: string): string[] }, tries: number): boolean {
    if (status !== 401 && status !== 407) return false;
    const names = authHeaders[status];
    const challenge = bestChallenge(headers.getAll(names.challenge));
    if (!challenge) return false;
    const answered = this.#challenge;
    // A fresh nonce after a remembered one has gone stale is no refusal; the second in a row is.
    const again = tries === 1 || (tries === 2 && challenge.stale && answered !== undefined);
    this.#challenge = challenge;
    this.#header = names.answer;
    this.#nonceCount = 0;
    return again;
  }
}
