import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { SrfRequest, SrfResponse } from '../../../sip-edge/drachtio/srf.ts';
import { rawRequest } from '../../support/sip-peer/message.ts';
import { until } from '../../support/until.ts';
import { type App, connectApp, startEmbeddedUnderTest, type UnderTest } from './support/under-test.ts';

/* drachtio gives such an answer up; the RFC says where it goes. Where nobody listens: scenario-lost.test.ts. */

let server: UnderTest;
let app: App;
const asked: [request: SrfRequest, response: SrfResponse][] = [];

beforeAll(async () => {
  server = await startEmbeddedUnderTest({ timers: { t1Ms: 50, t2Ms: 400, t4Ms: 500 } });
  app = await connectApp(server, (srf) => {
    const keep = (request: SrfRequest, response: SrfResponse) => void asked.push([request, response]);
    srf.invite(keep);
    srf.options(keep);
    srf.use('message', keep);
  });
});
afterAll(async () => {
  app.kill();
  await server.stop();
});

/** Somebody who listens, and from whom one request has come over a connection that is gone. */
async function goneAfter(method: string) {
  let received = '';
  const connections = new Set<Socket>();
  const listener = createServer((socket) => {
    connections.add(socket);
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    for (const socket of connections) socket.destroy();
    listener.close();
  });
  const { port } = listener.address() as AddressInfo;
  const Via = `SIP/2.0/TCP elsewhere.example:${port};branch=z9hG4bK${method}${port}`;
  const Contact = `<sip:caller@127.0.0.1:${port};transport=tcp>`;
  const socket = connect({ ...server.sip });
  socket.on('error', () => {});
  const before = asked.length;
  socket.write(rawRequest({ method, callId: `${method}-${port}`, headers: { Via, Contact } }));
  const [, response] = await until('the application is asked', () => asked[before]);
  socket.destroy();
  await once(socket, 'close');
  // A request of another connection comes after its end, so that the server has seen that.
  const other = connect({ ...server.sip });
  other.write(rawRequest({ method: 'MESSAGE', callId: `after-${port}`, transport: 'tcp' }));
  await until('the server goes on', () => asked[before + 1]);
  other.destroy();
  return { response, received: () => received };
}

it.each(['INVITE', 'OPTIONS'])(
  'the answer to an %s whose connection has gone goes by a new one',
  async (method) => {
    const { response, received } = await goneAfter(method);
    response.send(480);
    // To the port of the Via, at the address that it came from (RFC 3261 18.2.2).
    expect(await until('an answer', () => received())).toMatch(/^SIP\/2\.0 480 .*received=127\.0\.0\.1/s);
  },
);
