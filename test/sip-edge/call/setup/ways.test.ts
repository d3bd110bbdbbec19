import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createResponse, newTag } from '../../../../sip/message/build.ts';
import { parseMessage, type SipRequest } from '../../../../sip/message/message.ts';
import { serialize } from '../../../../sip/message/serialize.ts';
import { freeSipPort } from '../../../support/sip-server.ts';
import { Suite } from '../support/suite.ts';

const suite = new Suite();

it('calls a TCP gateway at its Contact where the connection that it registered over is gone', async () => {
  const scene = await suite.open();
  const { world } = scene;
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const gone = await freeSipPort();
  world.script.push((command) => {
    const granted = world.grant(command);
    if (granted.result !== 'granted') throw new Error('no gateway');
    const contact = `sip:${granted.username}@127.0.0.1:${port};transport=tcp`;
    return { ...granted, contact, received: { address: '127.0.0.1', port: gone, protocol: 'tcp' } };
  });
  const call = scene.dial();
  const [connection] = (await once(listener, 'connection')) as [Socket];
  const [bytes] = (await once(connection, 'data')) as [Buffer];
  const invite = parseMessage(bytes) as SipRequest;
  expect(invite.method).toBe('INVITE');
  connection.write(serialize(createResponse(invite, { status: 603, toTag: newTag() })));
  expect((await call.refusal()).status).toBe(603);
  connection.destroy();
  listener.close();
  await scene.expectAllOver();
});
