import { describe, expect, it } from 'vitest';
import { GatewayContact } from '../../../sip-edge/call/leg/gateway-contact.ts';
import type { Transport } from '../../support/sip-peer/wire.ts';
import { answer, offer } from './support/scene.ts';
import { Suite } from './support/suite.ts';

/* Behind a load balancer: callers are told its address, gateways the edge's own, whatever the SIP server would say. */

const externalIp = '203.0.113.7';
const suite = new Suite({ externalIp });
const transports: Transport[] = ['udp', 'tcp'];

describe.each(transports)('over %s, with an address that is advertised', (transport) => {
  const open = () => suite.open({ transport, settings: { localNet: '127.0.0.0/8' } });
  const privately = () => `<sip:127.0.0.1:${suite.server.sip.port};transport=${transport}>`;

  it('a gateway of the own network is told the private one, in an INVITE, a re-INVITE and their answers', async () => {
    const scene = await open();
    const { gateway, invite, caller } = await scene.establish();
    expect(invite.header('contact')).toBe(privately());

    const answered = caller.ask('INVITE', { body: offer });
    const again = await scene.gateway.incoming('INVITE');
    expect(again.header('contact')).toBe(privately());
    again.reply(200, { body: answer });
    await again.ack();
    expect((await answered).header('contact')).toContain(externalIp);

    const asked = gateway.ask('INVITE', { body: offer });
    const passedOn = await scene.caller.incoming('INVITE');
    expect(passedOn.header('contact')).toContain(externalIp);
    passedOn.reply(200, { body: answer });
    await passedOn.ack();
    expect((await asked).header('contact')).toBe(privately());
  });
});

describe('what a gateway is told', () => {
  const contact = new GatewayContact('10.20.0.0/16');
  contact.listensOn(
    'tcp/127.0.0.1:5060,udp/127.0.0.1:5060,tcp/10.20.0.5:5060,udp/10.20.0.5:5060,udp/[::1]:5060',
  );

  it.each([
    ['10.20.77.3', 'udp', { contact: '<sip:10.20.0.5:5060;transport=udp>' }],
    ['10.20.77.3', 'tcp', { contact: '<sip:10.20.0.5:5060;transport=tcp>' }],
    // It does not listen for TLS in the network, and who is elsewhere reaches the advertised address alone.
    ['10.20.77.3', 'tls', {}],
    ['198.51.100.7', 'udp', {}],
  ])('from %s over %s is %o', (address, protocol, headers) => {
    expect(contact.headersFor(address, protocol)).toEqual(headers);
  });

  it('is what the SIP server says where no network is given', () => {
    const none = new GatewayContact(undefined);
    none.listensOn('udp/10.20.0.5:5060');
    expect(none.headersFor('10.20.77.3', 'udp')).toEqual({});
  });
});
