import type { RefusalWord } from '../../contracts/refusals.ts';
import type { DigestAlgorithm } from '../../sip/digest/auth-params.ts';
import type { AddressLimits } from '../admission/limits.ts';
import type { SrfRequest } from '../drachtio/srf.ts';
import type { Clock } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { Digest, type Secrets } from './digest.ts';
import type { EndpointAccounts } from './endpoint-accounts.ts';

/** The passwords, as the last reading of the secret had them. */
export interface SecretSource {
  readonly secrets: Secrets;
  /**
   * Reads the secret again after a wrong password, unless that was done a moment ago.
   * @returns whether the passwords are other ones now
   */
  refreshAfterMismatch(): Promise<boolean>;
}

export type Access =
  | { result: 'granted' }
  /** `challenge` is the value of WWW- or Proxy-Authenticate. */
  | { result: 'challenge'; challenge: string; why: string }
  | { result: 'refused'; word: RefusalWord };

export interface AuthenticatorParts {
  digest: Digest;
  secrets: SecretSource;
  /** None: all own users share the gateways' password. */
  endpoints: EndpointAccounts | undefined;
  limits: Pick<AddressLimits, 'isUserBanned' | 'countWrongAnswer' | 'countRightAnswer'>;
  /** Offered in this order. */
  algorithms: readonly DigestAlgorithm[];
  /** Parts of User-Agents that fail where SHA-256 is offered beside MD5. */
  md5OnlyAgents: readonly string[];
}

/** Decides whether a request may speak for a user; knows the secret, the bans and the clients' weaknesses. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  /** MD5 alone, where it is offered at all. */
  readonly #md5: readonly DigestAlgorithm[];

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
    this.#md5 = parts.algorithms.includes('MD5') ? ['MD5'] : parts.algorithms;
  }

  /** @param username whom the request speaks for: the user of To (REGISTER) or From */
  async authenticate(req: SrfRequest, username: string): Promise<Access> {
    const { limits, secrets, endpoints } = this.#parts;
    const address = req.source_address;
    if (limits.isUserBanned(username, address)) return { result: 'refused', word: 'banned' };

    let verdict = this.#check(req, username);
    if (verdict.result === 'refused' && verdict.why === 'wrong-password') {
      // The password may be a newer one than the edge has read: it reads the secret again, and checks once more.
      const news = [secrets.refreshAfterMismatch(), endpoints?.refreshAfterMismatch()];
      if ((await Promise.all(news)).includes(true)) verdict = this.#check(req, username);
    }
    switch (verdict.result) {
      case 'accepted':
        limits.countRightAnswer(username, address);
        return { result: 'granted' };
      case 'challenge':
        return { result: 'challenge', challenge: this.#challenge(req, verdict.stale), why: verdict.why };
      case 'refused':
        limits.countWrongAnswer(username, address);
        return { result: 'refused', word: verdict.why };
      case 'malformed':
        return { result: 'refused', word: 'malformed-credentials' };
    }
  }

  #check(req: SrfRequest, username: string) {
    const authorization = req.headers[req.method === 'REGISTER' ? 'authorization' : 'proxy-authorization'];
    const { digest, secrets, endpoints } = this.#parts;
    const password = endpoints?.passwordOf(username);
    const request = { method: req.method, authorization, username, password, address: req.source_address };
    return digest.check(request, secrets.secrets);
  }

  #challenge(req: SrfRequest, stale: boolean): string {
    const agent = req.headers['user-agent']?.toLowerCase() ?? '';
    const isMd5Only = this.#parts.md5OnlyAgents.some((part) => agent.includes(part.toLowerCase()));
    const algorithms = isMd5Only ? this.#md5 : this.#parts.algorithms;
    const name = req.method === 'REGISTER' ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    // One header for each challenge: drachtio-srf takes one value for a name, and clients misread a comma list.
    return this.#parts.digest
      .challenges(this.#parts.secrets.secrets, stale, algorithms, req.source_address)
      .join(`\r\n${name}: `);
  }
}

/** @returns an authenticator for our domain, as the settings have it */
export function createAuthenticator({
  settings,
  clock,
  ...parts
}: Pick<AuthenticatorParts, 'secrets' | 'endpoints' | 'limits'> & {
  settings: Settings;
  clock: Clock;
}): Authenticator {
  const { sipDomain: realm, nonceLifetimeSec, digestAlgorithms: algorithms, md5OnlyAgents } = settings;
  const digest = new Digest({ realm, nonceLifetimeSec, clock });
  return new Authenticator({ digest, algorithms, md5OnlyAgents, ...parts });
}
