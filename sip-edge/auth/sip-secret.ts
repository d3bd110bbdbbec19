import * as z from 'zod';
import type { SecretSource } from './authenticator.ts';
import type { Secrets } from './digest.ts';
import { WatchedSecret, type WatchedSecretOptions } from './watched-secret.ts';

/** What the secret holds. `previous` stays valid until the rotation has reached every gateway. */
const secretSchema = z.object({ current: z.string().min(1), previous: z.string().min(1).optional() });

/** The SIP password that all gateways share. */
export class SipSecret implements SecretSource {
  readonly #secret: WatchedSecret<Secrets>;

  private constructor(secret: WatchedSecret<Secrets>) {
    this.#secret = secret;
  }

  /** @throws what the SDK threw, or an error that the secret is not the JSON it should be */
  static async load(options: WatchedSecretOptions): Promise<SipSecret> {
    const parse = (json: unknown): Secrets => {
      const parsed = secretSchema.safeParse(json);
      // zod's own message would quote what it read.
      if (!parsed.success)
        throw new Error(`secret ${options.secretId} is not {"current":"…","previous":"…"?}`);
      const { current, previous } = parsed.data;
      return previous === undefined ? [current] : [current, previous];
    };
    return new SipSecret(await WatchedSecret.load(options, parse));
  }

  get secrets(): Secrets {
    return this.#secret.value;
  }

  refreshAfterMismatch(): Promise<boolean> {
    return this.#secret.refreshAfterMismatch();
  }

  close(): void {
    this.#secret.close();
  }
}
