import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock, Log } from '../ports.ts';

export interface WatchedSecretOptions {
  client: Pick<SecretsManagerClient, 'send'>;
  secretId: string;
  refreshSec: number;
  mismatchRefreshSec: number;
  clock: Clock;
  log: Log;
}

/**
 * A secret from Secrets Manager: read at start, again from time to time, and again after a wrong password, which may be
 * the newest one. A reading that fails leaves the last good one in force.
 */
export class WatchedSecret<T> {
  readonly #options: WatchedSecretOptions;
  /** Throws where the secret is not what it should be, in words that quote nothing of it. */
  readonly #parse: (json: unknown) => T;
  #text: string;
  #value: T;
  #readAt: number;
  #reading: Promise<boolean> | undefined;
  readonly #timer: NodeJS.Timeout;

  private constructor(options: WatchedSecretOptions, parse: (json: unknown) => T, text: string) {
    this.#options = options;
    this.#parse = parse;
    this.#text = text;
    this.#value = parse(parseJson(text));
    this.#readAt = options.clock.now();
    this.#timer = setInterval(() => void this.#refresh(), options.refreshSec * 1000).unref();
  }

  /** @throws what the SDK threw, or what `parse` did */
  static async load<T>(
    options: WatchedSecretOptions,
    parse: (json: unknown) => T,
  ): Promise<WatchedSecret<T>> {
    return new WatchedSecret(options, parse, await read(options));
  }

  /** The same object until the secret has changed. */
  get value(): T {
    return this.#value;
  }

  /**
   * Reads the secret again after a wrong password, unless that was done a moment ago.
   * @returns whether it is another one now
   */
  async refreshAfterMismatch(): Promise<boolean> {
    const isRecent = this.#options.clock.now() - this.#readAt < this.#options.mismatchRefreshSec * 1000;
    return isRecent && this.#reading === undefined ? false : this.#refresh();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects. @returns whether the secret changed */
  #refresh(): Promise<boolean> {
    this.#reading ??= this.#readAgain().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAgain(): Promise<boolean> {
    const { clock, log, secretId } = this.#options;
    this.#readAt = clock.now();
    try {
      const text = await read(this.#options);
      if (text === this.#text) return false;
      this.#value = this.#parse(parseJson(text));
      this.#text = text;
      log.info({ event: 'secret-changed', secretId }, 'a secret was rotated');
      return true;
    } catch (error) {
      log.error(
        { error, event: 'secret-unreadable', secretId },
        'a secret cannot be read; the last one stays valid',
      );
      return false;
    }
  }
}

async function read({ client, secretId }: WatchedSecretOptions): Promise<string> {
  const answer = await client.send(new GetSecretValueCommand({ SecretId: secretId }), {
    abortSignal: AbortSignal.timeout(5000),
  });
  return answer.SecretString ?? '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
