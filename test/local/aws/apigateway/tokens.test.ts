import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localIssuer } from '../../../../local/aws/apigateway/tokens.ts';
import { audience, startApi } from './support.ts';

/* What a JWT authorizer takes: tokens of a provider that we did not write, and of this machine. */

type Api = Awaited<ReturnType<typeof startApi>>;

const askWith = ({ ask }: Api, token: string | undefined) =>
  ask('/x', token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
const routes = { 'ANY /{proxy+}': 'JWT' } as const;

describe('tokens of an OpenID provider', () => {
  let server: Server;
  let issuer: string;
  let api: Api;

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: 'console',
          client_secret: 'secret',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      features: {
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, resource) => ({
            scope: '',
            audience: resource === 'urn:ours' ? audience : 'another',
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }),
        },
      },
      extraTokenClaims: () => ({ sub: 'alice', roles: ['viewer', 'operator'], age: 7 }),
    });
    server.on('request', provider.callback());
    api = await startApi({ routes, issuer });
  });
  afterAll(async () => {
    await api?.cloud.close();
    server.close();
  });

  const tokenFor = async (resource: string) => {
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('console:secret')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    return token;
  };

  it('are taken, and the function is told their claims as text', async () => {
    const answer = await askWith(api, await tokenFor('urn:ours'));
    expect(answer.status).toBe(200);
    const { requestContext } = (await answer.json()) as { requestContext: { authorizer: unknown } };
    expect(requestContext.authorizer).toMatchObject({
      jwt: { claims: { iss: issuer, aud: audience, roles: '[viewer operator]', age: '7' } },
    });
  });

  it('are not taken for another audience', async () => {
    expect((await askWith(api, await tokenFor('urn:theirs'))).status).toBe(401);
  });

  it('are not taken where something of them was changed', async () => {
    const token = await tokenFor('urn:ours');
    const [header, payload = '', signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const changed = Buffer.from(JSON.stringify({ ...claims, roles: ['admin'] })).toString('base64url');
    expect((await askWith(api, [header, changed, signature].join('.'))).status).toBe(401);
  });
});

describe('tokens of this machine', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi({ routes, issuer: localIssuer });
  });
  afterAll(() => api?.cloud.close());

  const claims: JWTPayload = { iss: localIssuer, aud: audience, sub: 'eve' };
  const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

  it('are taken', async () => {
    const token = await api.cloud.tokens.issue(audience, { sub: 'local', roles: ['operator'] }, 60);
    expect((await askWith(api, token)).status).toBe(200);
  });

  it('are not taken once they have run out', async () => {
    const token = await api.cloud.tokens.issue(audience, { sub: 'local' }, -1);
    const answer = await askWith(api, token);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
  });

  it.each<[string, () => Promise<string | undefined> | string | undefined]>([
    ['none at all', () => undefined],
    ['no token', () => 'x.y.z'],
    ['one without a signature', () => new UnsecuredJWT({ ...claims, exp: inAnHour() }).encode()],
    [
      'one signed by a key of its own',
      async () => {
        const { privateKey } = await generateKeyPair('RS256');
        return new SignJWT({ ...claims, exp: inAnHour() })
          .setProtectedHeader({ alg: 'RS256', kid: 'local' })
          .sign(privateKey);
      },
    ],
    [
      'one signed by a word that both sides could know',
      () =>
        new SignJWT({ ...claims, exp: inAnHour() })
          .setProtectedHeader({ alg: 'HS256', kid: 'local' })
          .sign(new TextEncoder().encode('x'.repeat(32))),
    ],
    ['one for another audience', () => api.cloud.tokens.issue('another', { sub: 'eve' }, 60)],
  ])('are not taken: %s', async (_what, token) => {
    expect((await askWith(api, await token())).status).toBe(401);
  });
});
