import * as z from 'zod';
import { parseGatewayName } from '../../contracts/gateway-name.ts';
import { WatchedSecret, type WatchedSecretOptions } from './watched-secret.ts';

/** Room systems with an account of ours, which register or call with our domain in From. */
export interface EndpointAccounts {
  passwordOf(username: string): string | undefined;
  /** @returns whether there are other accounts or passwords now */
  refreshAfterMismatch(): Promise<boolean>;
}

const accountsSchema = z.record(z.string().regex(/^[^\s:@"<>]{1,128}$/), z.string().min(1).max(256));

/** The accounts in a secret, JSON `{"room-42":"password",…}`. */
export class EndpointSecret implements EndpointAccounts {
  readonly #secret: WatchedSecret<ReadonlyMap<string, string>>;

  private constructor(secret: WatchedSecret<ReadonlyMap<string, string>>) {
    this.#secret = secret;
  }

  /**
   * @param gatewayName the deployment's: whose name is a gateway's would be given calls, and is no endpoint
   * @throws what the SDK threw, or an error that the secret is not the JSON it should be
   */
  static async load(options: WatchedSecretOptions, gatewayName: string): Promise<EndpointSecret> {
    const parse = (json: unknown): ReadonlyMap<string, string> => {
      const parsed = accountsSchema.safeParse(json);
      // zod's own message would quote what it read.
      if (!parsed.success) throw new Error(`secret ${options.secretId} is not {"user":"password",…}`);
      const accounts = new Map(Object.entries(parsed.data));
      const gateway = [...accounts.keys()].find((name) => parseGatewayName(name, gatewayName) !== undefined);
      if (gateway !== undefined)
        throw new Error(`secret ${options.secretId}: ${gateway} is a gateway's name`);
      return accounts;
    };
    return new EndpointSecret(await WatchedSecret.load(options, parse));
  }

  passwordOf(username: string): string | undefined {
    return this.#secret.value.get(username);
  }

  refreshAfterMismatch(): Promise<boolean> {
    return this.#secret.refreshAfterMismatch();
  }

  close(): void {
    this.#secret.close();
  }
}
