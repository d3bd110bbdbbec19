import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessKeyOf } from '../../../../local/aws/iam/permissions.ts';
import { hasTool } from '../../../support/process/tools.ts';
import { startTestCloud, type TestCloud } from '../test-cloud.ts';

/* Who is let in at the local AWS, which gives out the secret of the gateways. */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'sip', SecretString: 'a secret' } },
  });
});
afterAll(() => cloud?.close());

const body = JSON.stringify({ SecretId: 'sip' });
const target = {
  'x-amz-target': 'secretsmanager.GetSecretValue',
  'content-type': 'application/x-amz-json-1.1',
};

/** Sends a request as it is, whatever its Host. @returns status and body */
function send(headers: Record<string, string>, payload = body): Promise<[number, string]> {
  const { hostname, port } = new URL(cloud.endpoint);
  return new Promise((resolve, reject) => {
    const asking = request(
      { hostname, port, method: 'POST', headers: { ...target, ...headers } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (more) => {
          text += more;
        });
        answer.on('end', () => resolve([answer.statusCode ?? 0, text]));
      },
    );
    asking.on('error', reject).end(payload);
  });
}

const refused = (why: string) => [403, expect.stringContaining(why)];

/** A client that keeps the headers that it signed. */
function client(credentials = cloud.credentialsOf()) {
  const signed: Record<string, string> = {};
  const secrets = new SecretsManagerClient({ ...cloud.client, credentials, maxAttempts: 1 });
  secrets.middlewareStack.add(
    (next) => (args) => {
      Object.assign(signed, (args.request as { headers: Record<string, string> }).headers);
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'keepHeaders' },
  );
  const ask = () => secrets.send(new GetSecretValueCommand({ SecretId: 'sip' }));
  return { ask, signed };
}

describe('a request that is signed', () => {
  it('is let in by the credentials of the run', async () => {
    expect(await client().ask()).toMatchObject({ SecretString: 'a secret' });
  });

  it('is not by those of another run, nor by one role for another or for the person', async () => {
    const { secretAccessKey } = cloud.credentialsOf(accessKeyOf('some-role'));
    for (const credentials of [
      { accessKeyId: 'local', secretAccessKey: 'local' },
      { accessKeyId: 'local', secretAccessKey },
      { accessKeyId: accessKeyOf('other-role'), secretAccessKey },
    ]) {
      await expect(client(credentials).ask()).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    }
  });

  it('is let in as it was signed, and not with another body, target or time', async () => {
    const { ask, signed } = client();
    await ask();
    expect((await send(signed))[0]).toBe(200);
    expect(await send(signed, body.replace('sip', 'sap'))).toEqual(refused('InvalidSignature'));
    const other = { ...signed, 'x-amz-target': 'secretsmanager.PutSecretValue' };
    expect(await send(other)).toEqual(refused('InvalidSignature'));
    expect(await send({ ...signed, 'x-amz-date': '20200101T000000Z' })).toEqual(refused('expired'));
    // The hash of the body is signed, and the body is another.
    const hashed = { ...signed, 'x-amz-content-sha256': '0'.repeat(64) };
    expect(await send(hashed)).toEqual(refused('InvalidSignature'));
  });

  it.skipIf(!hasTool('curl'))('is let in where curl has signed it', async () => {
    const { accessKeyId, secretAccessKey } = cloud.credentialsOf();
    const curl = async (user: string) => {
      const form = ['--data', 'Action=GetCallerIdentity&Version=2011-06-15'];
      const signing = ['--aws-sigv4', 'aws:amz:us-east-1:sts', '--user', user];
      return (await promisify(execFile)('curl', ['--silent', ...signing, ...form, cloud.endpoint])).stdout;
    };
    expect(await curl(`${accessKeyId}:${secretAccessKey}`)).toContain('user/local');
    expect(await curl(`${accessKeyId}:guess`)).toContain('InvalidSignatureException');
  });
});

describe('a request is refused', () => {
  it.each([
    ['without a signature', {}, 'missing Authentication Token'],
    ['with a key alone', { authorization: 'AWS4-HMAC-SHA256 Credential=local/x' }, 'No signature'],
    ['of another kind', { authorization: 'Bearer x' }, 'No signature'],
  ])('%s', async (_what, headers: Record<string, string>, why) => {
    expect(await send(headers)).toEqual(refused(why));
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'x-amz-target': '' };
    expect((await send({ ...form, ...headers }, 'Action=GetCallerIdentity&Version=2011-06-15'))[0]).toBe(403);
  });

  it('that is of a page in a browser, or comes by a name that leads here', async () => {
    const { ask, signed } = client();
    await ask();
    expect(await send({ ...signed, origin: 'https://evil.example' })).toEqual(refused('browser'));
    expect(await send({ ...signed, origin: 'null' })).toEqual(refused('browser'));
    expect(await send({ ...signed, host: 'evil.example' })).toEqual(refused('evil.example'));
    expect(await send({ ...signed, host: 'evil.example:80', origin: 'http://evil.example' })).toEqual(
      refused('evil.example'),
    );
  });
});
