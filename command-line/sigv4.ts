import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../aws-client/sha256.ts';

/* Requests to AWS, signed (Signature Version 4). */

export interface Signer {
  /** As in the scope of a signature: `execute-api`. */
  service: string;
  region: string;
  credentials: ConstructorParameters<typeof SignatureV4>[0]['credentials'];
}

/**
 * @param headers more of the request, to be signed too
 * @returns the headers that a request needs to be let in, with those given
 */
export async function signedHeaders(
  signer: Signer,
  method: string,
  url: URL,
  body?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const signed = await new SignatureV4({ ...signer, sha256: Sha256 }).sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...headers },
    ...(body !== undefined && { body }),
  });
  const { host: _host, ...rest } = signed.headers;
  return rest;
}
