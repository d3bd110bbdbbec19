import { createHash, createHmac, generateKeySync, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../../aws-client/sha256.ts';
import { AwsError } from '../http/errors.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface SignedRequest {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
}

const scheme =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
/** `20261130T120000Z` */
const dateParts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
/** AWS takes a request for so long. */
const maxSkewMs = 15 * 60_000;

const refused = (code: string, message: string) => new AwsError(code, message, 403);

/**
 * The credentials of one run, and the signatures made with them (Signature Version 4). Each access key id has a secret of
 * its own, made from one that only this process knows, so that a role cannot speak for another or for the person.
 */
export class Signatures {
  readonly #key = generateKeySync('hmac', { length: 256 });

  credentialsOf(accessKeyId: string): Credentials {
    return {
      accessKeyId,
      secretAccessKey: createHmac('sha256', this.#key).update(accessKeyId).digest('base64'),
    };
  }

  /**
   * @returns the access key id of whoever has signed the request
   * @throws AwsError MissingAuthenticationTokenException, InvalidSignatureException
   */
  async signerOf({ method = 'GET', url = '/', headers }: SignedRequest, body: Buffer): Promise<string> {
    const { authorization } = headers;
    if (authorization === undefined)
      throw refused('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
    const [, accessKeyId = '', , region = '', service = '', signedHeaders = '', signature = ''] =
      scheme.exec(authorization) ?? [];
    const names = new Set(signedHeaders.split(';'));
    if (accessKeyId === '' || !names.has('host'))
      throw refused('InvalidSignatureException', 'No signature of version 4');
    const signingDate = dateOf(headers['x-amz-date']);
    if (Math.abs(signingDate.getTime() - Date.now()) > maxSkewMs)
      throw refused('InvalidSignatureException', 'Signature expired');
    checkPayload(headers['x-amz-content-sha256'], body);

    const { pathname: path, searchParams } = new URL(url, 'http://host');
    const signer = new SignatureV4({
      credentials: this.credentialsOf(accessKeyId),
      region,
      service,
      sha256: Sha256,
      uriEscapePath: service !== 's3',
      applyChecksum: false,
    });
    const query: Record<string, string[]> = {};
    for (const name of new Set(searchParams.keys())) query[name] = searchParams.getAll(name);
    const signed = await signer.sign(
      {
        method,
        protocol: 'http:',
        hostname: '',
        path,
        query,
        headers: Object.fromEntries([...names].map((name) => [name, String(headers[name] ?? '')])),
        body,
      },
      { signingDate, signableHeaders: names },
    );
    const expected = /Signature=([0-9a-f]{64})$/.exec(signed.headers.authorization ?? '')?.[1] ?? '';
    if (!timingSafeEqual(Buffer.from(expected.padEnd(64)), Buffer.from(signature))) {
      throw refused(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided: the credentials are those of another run',
      );
    }
    return accessKeyId;
  }
}

function dateOf(text: unknown): Date {
  const [, year, month, day, hour, minute, second] = (dateParts.exec(String(text)) ?? []).map(Number);
  if (year === undefined || month === undefined) throw refused('InvalidSignatureException', 'No X-Amz-Date');
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

/** The hash of the body that was signed, where it stands in a header, is that of the body that came. */
function checkPayload(stated: unknown, body: Buffer): void {
  if (typeof stated !== 'string' || !/^[0-9a-f]{64}$/.test(stated)) return;
  if (createHash('sha256').update(body).digest('hex') === stated) return;
  throw refused('InvalidSignatureException', 'The body is not the one that was signed');
}
