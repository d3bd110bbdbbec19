import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { SecretUnavailable } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';

/** `previous` stays valid until a rotation has reached every gateway. */
const secretSchema = z.object({ current: z.string().min(1), previous: z.string().min(1).optional() });

/** How long a value is used before it is read again, and how soon where a password did not fit: it may be the newest one. */
const keptMs = 300_000;
const keptAfterMismatchMs = 10_000;

/**
 * Reads a secret that gateways share, and remembers it.
 * @returns a function that gives its values. @throws (it) SecretUnavailable
 */
export function sharedSecret(
  client: Pick<SecretsManagerClient, 'send'>,
  secretId: string,
  now: Clock,
): (again: boolean) => Promise<readonly string[]> {
  let read: { at: number; values: Promise<readonly string[]> } | undefined;
  return (again) => {
    const at = now();
    if (read === undefined || at - read.at > (again ? keptAfterMismatchMs : keptMs)) {
      const values = valuesOf(client, secretId);
      const reading = { at, values };
      read = reading;
      values.catch(() => {
        if (read === reading) read = undefined;
      });
    }
    return read.values;
  };
}

async function valuesOf(client: Pick<SecretsManagerClient, 'send'>, secretId: string) {
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    const parsed = secretSchema.safeParse(JSON.parse(SecretString ?? ''));
    // zod's own message would quote what it read, and so would that of JSON.
    if (!parsed.success) throw new Error('it is not {"current":"…","previous":"…"?}');
    const { current, previous } = parsed.data;
    return previous === undefined ? [current] : [current, previous];
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
    throw new SecretUnavailable(`secret ${secretId}: ${why}`);
  }
}
