import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { Clock, Log } from '../ports.ts';
import type { SecretSource } from './authenticator.ts';
import type { Secrets } from './digest.ts';

/** What the secret holds. `previous` stays valid until the rotation has reached every gateway. */
const secretSchema = z.object({ current: z.string().min(1), previous: z.string().min(1).optional() });

export interface SipSecretOptions {
  client: Pick<SecretsManagerClient, 'send'>;
  secretId: string;
  refreshSec: number;
  mismatchRefreshSec: number;
  clock: Clock;
  log: Log;
}

/**
 * The shared SIP password, from Secrets Manager: read at start, again from time to time, and again after a wrong
 * password, which may be the newest one. A reading that fails leaves the last good one in force.
 */
export class SipSecret implements SecretSource {
  readonly #options: SipSecretOptions;
  #secrets: Secrets;
  #readAt: number;
  #reading: Promise<boolean> | undefined;
  readonly #timer: NodeJS.Timeout;

  private constructor(options: SipSecretOptions, secrets: Secrets) {
    this.#options = options;
    this.#secrets = secrets;
    this.#readAt = options.clock.now();
    this.#timer = setInterval(() => void this.#refresh(), options.refreshSec * 1000).unref();
  }

  /** @throws what the SDK threw, or an error that the secret is not the JSON it should be */
  static async load(options: SipSecretOptions): Promise<SipSecret> {
    return new SipSecret(options, await read(options));
  }

  get secrets(): Secrets {
    return this.#secrets;
  }

  async refreshAfterMismatch(): Promise<boolean> {
    const isRecent = this.#options.clock.now() - this.#readAt < this.#options.mismatchRefreshSec * 1000;
    return isRecent && this.#reading === undefined ? false : this.#refresh();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects. @returns whether the passwords changed */
  #refresh(): Promise<boolean> {
    this.#reading ??= this.#readAgain().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAgain(): Promise<boolean> {
    const { clock, log } = this.#options;
    this.#readAt = clock.now();
    try {
      const secrets = await read(this.#options);
      const hasChanged = secrets.join('\0') !== this.#secrets.join('\0');
      if (!hasChanged) return false;
      // A new array only when they differ: the digest derives its keys once for each.
      this.#secrets = secrets;
      log.info({ event: 'secret-changed' }, 'the SIP secret was rotated');
      return true;
    } catch (error) {
      log.error(
        { error, event: 'secret-unreadable' },
        'the SIP secret cannot be read; the last one stays valid',
      );
      return false;
    }
  }
}

async function read({ client, secretId }: SipSecretOptions): Promise<Secrets> {
  const answer = await client.send(new GetSecretValueCommand({ SecretId: secretId }), {
    abortSignal: AbortSignal.timeout(5000),
  });
  const parsed = secretSchema.safeParse(parseJson(answer.SecretString ?? ''));
  // zod's own message would quote what it read.
  if (!parsed.success) throw new Error(`secret ${secretId} is not {"current":"…","previous":"…"?}`);
  const { current, previous } = parsed.data;
  return previous === undefined ? [current] : [current, previous];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
