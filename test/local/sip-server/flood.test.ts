import { afterAll, beforeAll, expect, it } from 'vitest';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import { until } from '../../support/until.ts';
import { type App, connectApp, startEmbeddedUnderTest, type UnderTest } from './support/under-test.ts';

let server: UnderTest;
let app: App;
let heard = 0;
const limits = { maxUnheardPerAddress: 20, maxAnswersKept: 50, maxServerTransactions: 200 };

beforeAll(async () => {
  server = await startEmbeddedUnderTest({ limits, timers: { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 } });
  app = await connectApp(server, (srf) => {
    srf.options((_request, response) => response.send(200));
    // As one that drops a flood.
    srf.use('message', () => {
      heard += 1;
    });
  });
});

afterAll(async () => {
  app.kill();
  await server.stop();
});

const open = (from: string) => SipPeer.connect('udp', server.sip, { from });
const uri = () => `sip:${server.sip.host}:${server.sip.port}`;

it('forgets what an address sends beyond what the application leaves unanswered, and serves the others', async () => {
  const [flood, good] = await Promise.all([open('127.0.0.3'), open('127.0.0.4')]);
  for (let sent = 0; sent < 1000; sent++) flood.outside(uri()).send('MESSAGE');
  await until('the application has heard of it', () => heard >= limits.maxUnheardPerAddress);
  expect((await good.outside(uri()).ask('OPTIONS')).status).toBe(200);
  expect(heard).toBe(limits.maxUnheardPerAddress);
  expect(flood.received).toEqual([]);
  await Promise.all([flood.close(), good.close()]);
});

it('keeps a bounded number of answers for requests that come again', async () => {
  const peer = await open('127.0.0.5');
  for (let sent = 0; sent < 4 * limits.maxAnswersKept; sent++) await peer.outside(uri()).ask('OPTIONS');
  const held = limits.maxAnswersKept + limits.maxUnheardPerAddress;
  expect(server.counts?.().serverTransactions).toBeLessThanOrEqual(held);
  await peer.close();
});
