import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AwsError } from '../http/errors.ts';
import { content, element } from '../http/xml.ts';
import type { Needed } from '../iam/policy.ts';
import { partition } from '../identity.ts';
import { assetBucket } from './bootstrap.ts';

export interface S3Request {
  method: string;
  /** `/{bucket}/{key}`: path style, which the SDK takes where the endpoint is an IP address. */
  path: string;
  query: URLSearchParams;
  body: Buffer;
}

export interface S3Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
const document = (name: string, inner: string) => `<${name} xmlns="${namespace}">${inner}</${name}>`;
const xml = (body: string): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body,
});
const etag = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`;

/** @returns bucket and key of a path, decoded */
function split(path: string): { bucket: string; key: string } {
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decodeURIComponent(path)) ?? [];
  return { bucket, key };
}

/** S3, as far as a deployment needs it: the bucket of its files, each a file here. */
export class Buckets {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** What a request needs to be permitted. */
  needed({ method, path, query }: Omit<S3Request, 'body'>): Needed {
    const { bucket, key } = split(path);
    const resource = (name: string) => `arn:${partition}:s3:::${name}`;
    if (key !== '') {
      const action = method === 'PUT' ? 's3:PutObject' : 's3:GetObject';
      return { action, resource: resource(`${bucket}/${key}`) };
    }
    const action = query.has('location') ? 's3:GetBucketLocation' : 's3:ListBucket';
    return { action, resource: resource(bucket) };
  }

  /** @throws AwsError NoSuchBucket, NoSuchKey, NotImplemented */
  answer({ method, path, query, body }: S3Request): S3Answer {
    const { bucket, key } = split(path);
    if (key === '' && method === 'GET') return this.#answerForBucket(bucket, query);
    if (key === '' && method === 'HEAD') {
      checkBucket(bucket);
      return { status: 200 };
    }
    if (method === 'PUT') {
      this.#write(bucket, key, body);
      return { status: 200, headers: { etag: etag(body) } };
    }
    if (method !== 'GET' && method !== 'HEAD') {
      throw new AwsError('NotImplemented', `the local S3 does not know ${method}`, 501);
    }
    const bytes = this.read(bucket, key);
    const headers = { etag: etag(bytes), 'content-type': 'application/octet-stream' };
    if (method === 'GET') return { status: 200, headers, body: bytes };
    return { status: 200, headers: { ...headers, 'content-length': String(bytes.length) } };
  }

  /** @throws AwsError NoSuchBucket, NoSuchKey */
  read(bucket: string, key: string): Buffer {
    const file = this.#file(bucket, key);
    if (!existsSync(file)) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
    return readFileSync(file);
  }

  #answerForBucket(bucket: string, query: URLSearchParams): S3Answer {
    checkBucket(bucket);
    if (query.has('location')) return xml(document('LocationConstraint', ''));
    if (query.has('encryption')) {
      const rule = { Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } } };
      return xml(document('ServerSideEncryptionConfiguration', content(rule)));
    }
    if (query.get('list-type') === '2') return this.#list(bucket, query);
    throw new AwsError('NotImplemented', `the local S3 does not know GET of a bucket with ?${query}`, 501);
  }

  #list(bucket: string, query: URLSearchParams): S3Answer {
    const prefix = query.get('prefix') ?? '';
    const dir = join(this.#dir, bucket);
    const keys = existsSync(dir) ? readdirSync(dir).map(decodeURIComponent).sort() : [];
    const found = keys
      .filter((key) => key.startsWith(prefix))
      .slice(0, Number(query.get('max-keys') ?? 1000));
    const contents = found.map((key) => {
      const { size, mtime } = statSync(this.#file(bucket, key));
      return element('Contents', { Key: key, Size: size, LastModified: mtime });
    });
    const about = content({ Name: bucket, Prefix: prefix, KeyCount: found.length, IsTruncated: false });
    return xml(document('ListBucketResult', about + contents.join('')));
  }

  #write(bucket: string, key: string, bytes: Buffer): void {
    const file = this.#file(bucket, key);
    mkdirSync(join(this.#dir, bucket), { recursive: true });
    writeFileSync(`${file}~`, bytes);
    renameSync(`${file}~`, file);
  }

  #file(bucket: string, key: string): string {
    checkBucket(bucket);
    return join(this.#dir, bucket, encodeURIComponent(key));
  }
}

function checkBucket(name: string): void {
  if (name !== assetBucket) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
}

/** @returns the XML of a refusal, as S3 writes it */
export const s3Error = ({ code, message }: AwsError) => element('Error', { Code: code, Message: message });
