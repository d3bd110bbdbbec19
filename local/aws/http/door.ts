import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { AwsError } from './errors.ts';

/* Pages that somebody reads at this machine may send requests to it too: none of them is for the cloud. */

/**
 * A name that its owner lets lead here makes a page's requests look as if they were of its own origin (DNS rebinding).
 * Whoever means this cloud names it by an address.
 * @throws AwsError AccessDeniedException
 */
export function checkHost({ headers: { host = '' } }: IncomingMessage): void {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isIP(name) === 0 && name !== 'localhost')
    throw new AwsError('AccessDeniedException', `${name.slice(0, 80)} is no name of this cloud`, 403);
}

/**
 * Browsers say which page a request is of, and no SDK does.
 * @throws AwsError AccessDeniedException
 */
export function checkOrigin({ headers: { origin } }: IncomingMessage): void {
  if (origin !== undefined)
    throw new AwsError('AccessDeniedException', 'the services are for no page of a browser', 403);
}
