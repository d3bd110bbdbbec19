import { randomBytes } from 'node:crypto';
import type { HeaderLine } from '../message/headers.ts';
import { quote } from '../parameters.ts';
import { algorithmOf, type DigestAlgorithm, parseAuthSets } from './auth-params.ts';
import { digestResponse } from './response.ts';

/* The client's side of digest authentication: RFC 3261 22, RFC 7616, RFC 8760. */

/** A challenge of a 401 or 407 that can be answered here. */
export interface Challenge {
  realm: string;
  nonce: string;
  opaque?: string;
  algorithm: DigestAlgorithm;
  /** Whether the server wants `qop=auth`; without, the old form of RFC 2069. */
  qopAuth: boolean;
  stale: boolean;
}

export interface Credentials {
  username: string;
  password: string;
}

/**
 * Reads the challenges of an answer.
 * @param lines the values of WWW-Authenticate or Proxy-Authenticate
 * @returns the best that is understood: SHA-256 before MD5 (RFC 8760 2.4), or undefined where none is
 */
export function bestChallenge(lines: readonly string[]): Challenge | undefined {
  const sets = lines.flatMap((line) => parseAuthSets(line) ?? []);
  const known = sets.flatMap(({ scheme, params }) =>
    scheme === 'digest' ? (readChallenge(params) ?? []) : [],
  );
  return known.find(({ algorithm }) => algorithm === 'SHA-256') ?? known[0];
}

function readChallenge(params: ReadonlyMap<string, string>): Challenge | undefined {
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const algorithm = algorithmOf(params.get('algorithm') ?? 'MD5');
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const offered = params
    .get('qop')
    ?.split(',')
    .map((option) => option.trim().toLowerCase());
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
  clientNonce?: string;
}

/** @returns the value of Authorization or Proxy-Authorization (RFC 7616 3.4, RFC 8760) */
export function digestAnswer(of: DigestRequest): string {
  const { challenge, method, uri, username, password } = of;
  const { realm, nonce, algorithm, opaque } = challenge;
  const auth = challenge.qopAuth
    ? {
        nonceCount: of.nonceCount.toString(16).padStart(8, '0'),
        clientNonce: of.clientNonce ?? randomBytes(8).toString('hex'),
      }
    : undefined;
  const input = { algorithm, username, realm, password, method, uri, nonce };
  const response = digestResponse(auth ? { ...input, auth } : input);
  const parts = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `algorithm=${algorithm}`,
    ...(auth ? ['qop=auth', `nc=${auth.nonceCount}`, `cnonce=${quote(auth.clientNonce)}`] : []),
    `response=${quote(response)}`,
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
  ];
  return `Digest ${parts.join(', ')}`;
}

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
  header(method: string, uri: string): readonly HeaderLine[] {
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
