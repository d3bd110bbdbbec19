import { createHash, createHmac, createSecretKey } from 'node:crypto';

/**
 * The hash that signatures of AWS are made of (Signature Version 4), by Node, as the SDK takes one. A key in bytes goes to
 * Node as a key object: of bytes `createHmac` finds out by errors, thrown and caught, that they are none, which takes
 * longer than everything else about a signature.
 */
export class Sha256 {
  readonly #hash;

  /** @param secret the key of an HMAC; none makes a plain hash */
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else
      this.#hash = createHmac(
        'sha256',
        typeof secret === 'string' ? secret : createSecretKey(viewOf(secret)),
      );
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : viewOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('made once for each use');
  }
}

function viewOf(data: ArrayBuffer | ArrayBufferView): NodeJS.ArrayBufferView {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : (data as NodeJS.ArrayBufferView);
}
