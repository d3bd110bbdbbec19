import { afterEach, describe, expect, it } from 'vitest';
import type { ServerTransaction, SipEndpoint } from '../../../local/sip-stack/index.ts';
import { createSipEndpoint } from '../../../local/sip-stack/index.ts';
import { UserAgent } from '../../../local/user-agent/user-agent.ts';

/* What a registration sends to a registrar that answers by a script. */

type Answer = { status: number; headers?: [string, string][] };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((it) => it.close()));
});

async function registrar(answers: Answer[]) {
  const requests: ServerTransaction[] = [];
  const endpoint: SipEndpoint = await createSipEndpoint({
    bind: { address: '127.0.0.1', port: 0 },
    protocols: ['udp'],
    onRequest: (transaction) => {
      requests.push(transaction);
      const answer = answers[requests.length - 1] ?? { status: 500 };
      transaction.reply(answer);
    },
  });
  const [server] = endpoint.addresses;
  if (!server) throw new Error('no address');
  const agent = await UserAgent.open({ server, protocol: 'udp' });
  open.push(agent, endpoint);
  const header = (at: number, name: string) => requests[at]?.incoming.message.headers.get(name);
  return { agent, requests, header };
}

const account = { username: 'a.mediagw.1', domain: 'example.org', password: 'p', refresh: false };
const challenge: [string, string] = ['WWW-Authenticate', 'Digest realm="r", nonce="n", qop="auth"'];

describe('a registration', () => {
  it('keeps its Call-ID and counts its CSeq through challenge, refresh and removal', async () => {
    const { agent, requests, header } = await registrar([
      { status: 401, headers: [challenge] },
      { status: 200 },
      { status: 200 },
      { status: 200 },
    ]);
    const registration = agent.addUser(account, () => {});
    await registration.register();
    await registration.register();
    await registration.unregister();
    expect(new Set(requests.map((_request, at) => header(at, 'call-id'))).size).toBe(1);
    expect(requests.map((_request, at) => header(at, 'cseq'))).toEqual(
      [1, 2, 3, 4].map((n) => `${n} REGISTER`),
    );
    expect(header(0, 'authorization')).toBeUndefined();
    expect(header(2, 'authorization')).toContain('nc=00000002');
    expect(header(3, 'contact')).toMatch(/;expires=0$/);
  });

  it('asks for the minimum where its time is too brief', async () => {
    const { agent, header } = await registrar([
      { status: 423, headers: [['Min-Expires', '120']] },
      { status: 200 },
    ]);
    expect(await agent.addUser({ ...account, expiresSec: 30 }, () => {}).register()).toBe(120);
    expect(header(1, 'contact')).toMatch(/;expires=120$/);
  });

  it('goes by what is granted to its own Contact', async () => {
    const { agent } = await registrar([
      { status: 200, headers: [['Contact', '<sip:other@192.0.2.1>;expires=9, <sip:x>;expires=8']] },
    ]);
    const registration = agent.addUser(account, () => {});
    expect(await registration.register()).toBe(60);
  });

  it('refreshes by itself', async () => {
    const { agent, requests } = await registrar([
      { status: 200, headers: [['Expires', '1']] },
      { status: 200, headers: [['Expires', '1']] },
    ]);
    const { promise: twice, resolve } = Promise.withResolvers<void>();
    let times = 0;
    const onRegistered = () => {
      times++;
      if (times === 2) resolve();
    };
    await agent.addUser({ ...account, refresh: true, onRegistered }, () => {}).register();
    await twice;
    expect(requests).toHaveLength(2);
  });

  it('tells a refusal with its status, and goes on trying', async () => {
    const { agent } = await registrar([{ status: 503 }, { status: 200 }]);
    const { promise: registered, resolve } = Promise.withResolvers<number>();
    const failures: (number | undefined)[] = [];
    const registration = agent.addUser(
      { ...account, refresh: true, onRegistered: resolve, onFailure: ({ status }) => failures.push(status) },
      () => {},
    );
    await expect(registration.register()).rejects.toMatchObject({ name: 'RegistrationFailure', status: 503 });
    await registered;
    expect(failures).toEqual([503]);
  });

  it('gives up on a wrong password', async () => {
    const { agent, requests } = await registrar([
      { status: 401, headers: [challenge] },
      { status: 401, headers: [challenge] },
    ]);
    await expect(agent.addUser(account, () => {}).register()).rejects.toMatchObject({ status: 401 });
    expect(requests).toHaveLength(2);
  });
});
