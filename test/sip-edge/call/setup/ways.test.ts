import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createResponse, newTag } from '../../../../sip/message/build.ts';
import { parseMessage, type SipRequest } from '../../../../sip/message/message.ts';
import { serialize } from '../../../../sip/message/serialize.ts';
import { freeSipPort } from '../../../support/sip-server.ts';
import { openPeer, type Scene } from '../support/scene.ts';
import { Suite } from '../support/suite.ts';

const suite = new Suite();

/** A gateway that registered over a connection which is closed since, and listens where its Contact says. */
async function registerAndClose(scene: Scene) {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const peer = await openPeer('tcp', suite.server, 'gateway');
  const contact = `sip:gateway@127.0.0.1:${port};transport=tcp`;
  const register = { method: 'REGISTER', uri: scene.uri('gateway'), headers: { Contact: `<${contact}>` } };
  expect((await peer.ask(register)).status).toBe(200);
  const received = { address: '127.0.0.1', port: await freeSipPort(), protocol: 'tcp' } as const;
  await peer.close();
  scene.world.script.push((command) => {
    const granted = scene.world.grant(command);
    return granted.result === 'granted' ? { ...granted, contact, received } : granted;
  });
  return listener;
}

const next = async (connection: Socket): Promise<SipRequest> => {
  const [bytes] = (await once(connection, 'data')) as [Buffer];
  return parseMessage(bytes) as SipRequest;
};

it('calls a TCP gateway at its Contact where the connection that it registered over is gone', async () => {
  const scene = await suite.open({ settings: { gatewayTimeoutMs: 400 } });
  const listener = await registerAndClose(scene);
  const call = scene.dial();
  const [connection] = (await once(listener, 'connection')) as [Socket];
  const toTag = newTag();
  const reply = (request: SipRequest, status: number, contact = '') => {
    const headers = contact === '' ? [] : [['Contact', contact] as const];
    connection.write(serialize(createResponse(request, { status, toTag, headers })));
  };
  const invite = await next(connection);
  expect(invite.method).toBe('INVITE');
  expect(invite.uri).toContain('gateway@127.0.0.1');
  reply(invite, 200, `<${invite.uri}>`);
  // All that follows goes there as well.
  expect((await next(connection)).method).toBe('ACK');
  await call.established();
  const over = call.dialog.bye();
  const bye = await next(connection);
  expect(bye.method).toBe('BYE');
  reply(bye, 200);
  expect((await over).status).toBe(200);
  connection.destroy();
  listener.close();
  await scene.expectAllOver();
});
