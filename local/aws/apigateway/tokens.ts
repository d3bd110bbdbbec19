import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';

/* Tokens, as the JWT authorizer of an HTTP API takes them ("Control access to HTTP APIs with JWT authorizers"). */

/** Whose tokens a run on this machine takes, unless its settings name an issuer that there is. */
export const localIssuer = 'https://tokens.switchroom.test';

/** Only algorithms with RSA are taken: neither `none` nor a secret that both sides know. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const keyId = 'local';

/** The issuer of this machine, and those that the templates name. */
export class Tokens {
  readonly #privateKey: CryptoKey;
  readonly #keys = new Map<string, JWTVerifyGetKey>();

  private constructor(privateKey: CryptoKey, ownKeys: JWTVerifyGetKey) {
    this.#privateKey = privateKey;
    this.#keys.set(localIssuer, ownKeys);
  }

  /** Makes a key that nobody else has, and that is gone with this process. */
  static async open(): Promise<Tokens> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 2048 });
    const jwk = { ...(await exportJWK(publicKey)), kid: keyId, alg: 'RS256', use: 'sig' };
    return new Tokens(privateKey, createLocalJWKSet({ keys: [jwk] }));
  }

  /**
   * @param claims beside issuer, audience and times
   * @param forSec how long it holds
   */
  issue(audience: string, claims: JWTPayload, forSec: number): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: keyId })
      .setIssuer(localIssuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${forSec}s`)
      .sign(this.#privateKey);
  }

  /**
   * @param audience one of these must be the token's `aud`, or its `client_id` where it has no `aud`
   * @returns the token's claims; undefined where it is not to be taken
   */
  async claimsOf(
    token: string,
    issuer: string,
    audience: readonly string[],
  ): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, await this.#keysOf(issuer), {
        issuer,
        algorithms,
        requiredClaims: ['exp'],
      });
      const held = payload.aud === undefined ? [payload.client_id] : [payload.aud].flat();
      return held.some((one) => typeof one === 'string' && audience.includes(one)) ? payload : undefined;
    } catch {
      // Whatever is wrong with a token, or with its issuer: API Gateway says no more than that it is not taken.
      return undefined;
    }
  }

  /** @throws where the issuer does not say where its keys are */
  async #keysOf(issuer: string): Promise<JWTVerifyGetKey> {
    const known = this.#keys.get(issuer);
    if (known) return known;
    const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const { jwks_uri: uri } = (await answer.json()) as { jwks_uri: string };
    const keys = createRemoteJWKSet(new URL(uri));
    this.#keys.set(issuer, keys);
    return keys;
  }
}
