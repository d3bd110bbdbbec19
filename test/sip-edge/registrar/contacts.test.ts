import { describe, expect, it } from 'vitest';
import { bindingsOf, type Registrant } from '../../support/sip-peer/registrant.ts';
import { RegistrarSuite, uriOf } from './support.ts';

/* REGISTER over real sockets: client → SIP server → edge → the functions' code → table. */

const suite = new RegistrarSuite();

describe('the time', () => {
  it.each([
    ['no expires is an hour', undefined, '', 3600],
    ['below the minimum is raised', '30', '', 60],
    ['above an hour is cut', '86400', '', 3600],
    ['the contact beats the header', '120', ';expires=90', 90],
    ['more than 32 bits is cut', undefined, ';expires=99999999999', 3600],
  ])('%s', async (_case, expires, param, granted) => {
    const gw = await suite.open();
    const reply = await gw.register({ contact: `${gw.contact}${param}`, ...(expires && { expires }) });
    expect(reply.status).toBe(200);
    expect(bindingsOf(reply)).toEqual({ [uriOf(gw.contact)]: granted });
  });

  it('below the minimum is refused with 423 where so set', async () => {
    const gw = await suite.open({ MIN_EXPIRES_MODE: 'refuse' });
    const reply = await gw.register({ expires: '59' });
    expect(reply.status).toBe(423);
    expect(reply.header('min-expires')).toBe('60');
    expect((await gw.send({ expires: '60' }, gw.answer())).status).toBe(200);
    expect((await gw.send({ expires: '0' }, gw.answer())).status).toBe(200);
  });
});

describe('contacts', () => {
  const two = (gw: Registrant) =>
    [`sip:a@127.0.0.1:${gw.peer.port}`, `sip:b@127.0.0.1:${gw.peer.port};transport=tcp`] as const;

  it('may be several, each with its own time, in one header or two', async () => {
    const gw = await suite.open();
    const [a, b] = two(gw);
    const contact = `"A, or so" <${a}>;expires=100;q=0.5, <${b}>`;
    const reply = await gw.register({ contact, expires: '200' });
    expect(bindingsOf(reply)).toEqual({ [a]: 100, [b]: 200 });

    const twice = await suite.gateway();
    const [c, d] = two(twice);
    const lines = [`<${c}>;expires=100`, `<${d}>;expires=200`];
    expect(bindingsOf(await twice.register({ contact: lines }))).toEqual({ [c]: 100, [d]: 200 });
  });

  it('are fetched by a REGISTER without one', async () => {
    const gw = await suite.open();
    expect(bindingsOf(await gw.register({ contact: undefined }))).toEqual({});
    await gw.send({ expires: '100' }, gw.answer());
    const fetched = bindingsOf(await gw.send({ contact: undefined }, gw.answer()));
    expect(fetched[uriOf(gw.contact)]).toBeGreaterThan(90);
  });

  it('go one by one by expires=0, or all by *', async () => {
    const gw = await suite.open();
    const [a, b] = two(gw);
    await gw.register({ contact: `<${a}>, <${b}>` });
    const one = await gw.send({ contact: `<${a}>;expires=0` }, gw.answer());
    expect(Object.keys(bindingsOf(one))).toEqual([b]);
    expect(suite.edge.factsOf('gateway.unregistered')).toEqual([]);
    const all = await gw.send({ contact: '*', expires: '0' }, gw.answer());
    expect(all.status).toBe(200);
    expect(bindingsOf(all)).toEqual({});
    expect(suite.edge.factsOf('gateway.unregistered')).toHaveLength(1);
  });

  it.each([
    ['* without Expires: 0', '*', undefined],
    ['* with another Expires', '*', '60'],
    ['* beside another', '*, <sip:a@127.0.0.1>', '0'],
    ['a URI that is none', '<nonsense>', undefined],
    ['another scheme', '<tel:+331>', undefined],
    ['an open bracket', '<sip:a@127.0.0.1', undefined],
    ['an impossible q', '<sip:a@127.0.0.1>;q=2', undefined],
  ])('that are malformed get 400: %s', async (_case, contact, expires) => {
    const gw = await suite.open();
    const reply = await gw.register({ contact, ...(expires && { expires }) });
    expect(reply.status).toBe(400);
    expect(suite.controlPlane.commands).toEqual([]);
  });

  it('that are too many get 403', async () => {
    const gw = await suite.open();
    const many = Array.from({ length: 11 }, (_, index) => `<sip:c${index}@127.0.0.1>`);
    const reply = await gw.register({ contact: many.join(', ') });
    expect(reply.status).toBe(403);
    expect(reply.header('reason')).toContain('too-many-contacts');
  });
});
