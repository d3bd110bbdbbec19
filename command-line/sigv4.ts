import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

/* Requests to AWS, signed (Signature Version 4). */

export interface Signer {
  /** As in the scope of a signature: `execute-api`. */
  service: string;
  region: string;
  credentials: ConstructorParameters<typeof SignatureV4>[0]['credentials'];
}

/** The hash that SigV4 is made of, by Node. */
export class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('made once for each use');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return data instanceof ArrayBuffer
    ? Buffer.from(data)
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
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
