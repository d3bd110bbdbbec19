/* The account that the local cloud plays. */

export const region = 'us-east-1';
export const accountId = '000000000000';
export const partition = 'aws';

/** @returns `arn:aws:{service}:{region}:{account}:{resource}` */
export function arn(service: string, resource: string): string {
  return `arn:${partition}:${service}:${region}:${accountId}:${resource}`;
}
