import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiProblem } from '../problem.ts';

/*
 * How a gateway shows who it is. SIPMediaGW can be given an address to post to and no header, but what stands in an address
 * before the host becomes one (Basic, RFC 7617). A gateway's password follows from its username and the secret, as its
 * start script makes it (infra/gateways/media-report.ts).
 */

/** The secret's value, and in a rotation the one before it. @param again asked anew: a password did not fit */
export type ReportSecrets = (again: boolean) => Promise<readonly string[]>;

export const passwordOf = (username: string, secret: string): string =>
  createHmac('sha256', secret).update(username).digest('hex');

/**
 * @param authorization the header of that name
 * @returns the username of the gateway that asks
 * @throws ApiProblem unauthenticated; what `secrets` throws
 */
export async function gatewayOf(authorization: string | undefined, secrets: ReportSecrets): Promise<string> {
  const [, encoded = ''] = /^Basic ([A-Za-z0-9+/]{1,400}={0,2})$/i.exec(authorization ?? '') ?? [];
  const [, username = '', password = ''] =
    /^([A-Za-z0-9._-]{1,128}):([0-9a-f]{64})$/.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  if (username === '') throw new ApiProblem('unauthenticated');
  const fits = (secret: string) =>
    timingSafeEqual(Buffer.from(password), Buffer.from(passwordOf(username, secret)));
  if ((await secrets(false)).some(fits) || (await secrets(true)).some(fits)) return username;
  throw new ApiProblem('unauthenticated');
}
