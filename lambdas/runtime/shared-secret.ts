import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { SecretUnavailable } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';

/** `previous` stays valid until a rotation has reached every gateway. */
const secretSchema = z.object({ current: z.string().min(1), previous: z.string().min(1).optional() });

/** How long a value is used before it is read again, and how soon where a password did not fit: it may be the newest one. */
const keptMs = 300_000;
const keptAfterMismatchMs = 3000;

/**
 * Reads a secret that gateways share, and remembers it. A reading that fails leaves the last good one in force.
 * @param stale told of such a reading
 * @returns a function that gives its values. @throws (it) SecretUnavailable, where there is none in force
 */
export function sharedSecret(
  client: Pick<SecretsManagerClient, 'send'>,
  secretId: string,
  now: Clock,
  stale: (error: Error) => void,
): (again: boolean) => Promise<readonly string[]> {
  let inForce: readonly string[] | undefined;
  let read: { at: number; values: Promise<readonly string[]> } | undefined;
  const readAnew = async () => {
    try {
      inForce = await valuesOf(client, secretId);
    } catch (error) {
      // Without one, the next that asks tries again.
      if (inForce === undefined) {
        read = undefined;
        throw error;
      }
      stale(error as Error);
    }
    return inForce;
  };
  return (again) => {
    const at = now();
    if (read === undefined || at - read.at > (again ? keptAfterMismatchMs : keptMs)) {
      read = { at, values: readAnew() };
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
