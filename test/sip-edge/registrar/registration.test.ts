import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registerGatewaySchema, unregisterGatewaySchema } from '../../../contracts/commands.ts';
import { type RefusalWord, refusals } from '../../../contracts/refusals.ts';
import {
  bindingHeaders,
  type RegisterRequest,
  type RegistrationPolicy,
  readBindings,
  readRegistrant,
} from '../../../sip-edge/registrar/registration.ts';

const policy: RegistrationPolicy = {
  sipDomain: 'example.test',
  furtherDomains: ['203.0.113.7'],
  hasEndpoints: false,
  gatewayName: 'mediagw',
  minExpiresSec: 60,
  minExpiresMode: 'raise',
  maxExpiresSec: 3600,
};

const request: RegisterRequest = {
  uri: 'sip:example.test',
  to: '<sip:10.0.0.7.mediagw.1@example.test>',
  contact: '<sip:gw@10.0.0.7>',
  expires: undefined,
  require: undefined,
  callId: 'registration-1',
  cseq: '1 REGISTER',
};

const registrant = (changes: Partial<RegisterRequest>) => readRegistrant({ ...request, ...changes }, policy);
const bindings = (changes: Partial<RegisterRequest>, of: Partial<RegistrationPolicy> = {}) =>
  readBindings({ ...request, ...changes }, { ...policy, ...of });
/** The word, and the status that the table gives it. */
const refused = (status: number, word: RefusalWord) => {
  expect(refusals[word].status).toBe(status);
  return expect.objectContaining({ ok: false, word });
};

describe('whose registration it is', () => {
  it('stands in To; the host and scheme may be written in capitals', () => {
    expect(
      registrant({ to: '"GW" <SIP:10.0.0.7.mediagw.1@EXAMPLE.test:5060>;x=y', uri: 'sips:Example.Test' }),
    ).toEqual({
      ok: true,
      value: { kind: 'gateway', username: '10.0.0.7.mediagw.1', registrationId: 'registration-1', cseq: 1 },
    });
  });

  it('may be of an address of ours, and of an endpoint where there are some', () => {
    expect(registrant({ uri: 'sip:203.0.113.7' })).toMatchObject({ ok: true });
    const room = { ...request, to: '<sip:room-42@example.test>' };
    expect(readRegistrant(room, policy)).toEqual(refused(403, 'no-gateway-name'));
    expect(readRegistrant(room, { ...policy, hasEndpoints: true })).toMatchObject({
      value: { kind: 'endpoint', username: 'room-42' },
    });
  });

  it('may be escaped, but not so as to hide what it is', () => {
    expect(registrant({ to: '<sip:10%2e0.mediagw.1@example.test>' })).toMatchObject({
      value: { username: '10.0.mediagw.1' },
    });
    expect(registrant({ to: '<sip:a%00.mediagw.1@example.test>' })).toEqual(refused(403, 'no-gateway-name'));
    expect(registrant({ to: '<sip:a%40b.mediagw.1@example.test>' })).toEqual(refused(403, 'no-gateway-name'));
  });

  it.each<[string, Partial<RegisterRequest>, number, RefusalWord]>([
    ['no Call-ID', { callId: undefined }, 400, 'bad-call-id'],
    ['a Call-ID of 257 characters', { callId: 'x'.repeat(257) }, 400, 'bad-call-id'],
    ['no CSeq', { cseq: undefined }, 400, 'bad-cseq'],
    ['a CSeq above 32 bits', { cseq: '4294967296 REGISTER' }, 400, 'bad-cseq'],
    ["another method's CSeq", { cseq: '1 INVITE' }, 400, 'bad-cseq'],
    ['no To', { to: undefined }, 400, 'bad-to'],
    ['a Request-URI of another domain', { uri: 'sip:elsewhere.test' }, 403, 'foreign-domain'],
    ['another domain that looks like ours', { uri: 'sip:example.test.evil' }, 403, 'foreign-domain'],
    ['our domain only as a parameter', { uri: 'sip:evil;x=example.test' }, 403, 'foreign-domain'],
    ['a To of another domain', { to: '<sip:a.mediagw.1@b>' }, 404, 'address-of-record-elsewhere'],
    ['a To without a user', { to: '<sip:example.test>' }, 403, 'no-gateway-name'],
    ['a name of another template', { to: '<sip:a.other.1@example.test>' }, 403, 'no-gateway-name'],
    ['an unknown extension', { require: 'path' }, 420, 'extension-required'],
  ])('is refused: %s', (_case, changes, status, why) => {
    expect(registrant(changes)).toEqual(refused(status, why));
  });
});

describe('what is granted', () => {
  const granted = (expires: string | undefined, param = '', of: Partial<RegistrationPolicy> = {}) => {
    const read = bindings({ expires, contact: `<sip:gw@10.0.0.7>${param}` }, of);
    return read.ok && read.value.kind === 'register' ? read.value.contacts[0]?.expiresSec : read;
  };

  it('is an hour where nothing, or nonsense, is asked for (RFC 3261 20.10)', () => {
    expect([granted(undefined), granted('soon'), granted('100', ';expires=x')]).toEqual([3600, 3600, 3600]);
  });

  it('follows the contact before the header', () => {
    expect(granted('100', ';expires=200')).toBe(200);
  });

  it('lies between the minimum and the maximum, or is refused with 423', () => {
    expect([granted('1'), granted('59'), granted('60'), granted('3601')]).toEqual([60, 60, 60, 3600]);
    expect(granted('59', '', { minExpiresMode: 'refuse' })).toEqual(refused(423, 'expires-too-brief'));
    expect(granted('60', '', { minExpiresMode: 'refuse' })).toBe(60);
  });

  it('is whatever the contract takes, or a refusal, for any Contact and Expires', () => {
    const uri = fc.constantFrom('sip:a@b', 'sip:c', 'sips:d@[::1]:5061;transport=tls', 'tel:1', '*', '');
    const param = fc.constantFrom(
      '',
      ';expires=0',
      ';expires=59',
      ';expires=99999999999',
      ';q=0.5',
      ';q=2',
      ';x="y,z"',
    );
    const contact = fc
      .array(
        fc.tuple(uri, param).map(([to, params]) => `<${to}>${params}`),
        { maxLength: 12 },
      )
      .map((contacts) => contacts.join(','));
    const expires = fc.option(fc.oneof(fc.string(), fc.nat().map(String)), { nil: undefined });
    const mode = fc.constantFrom('raise' as const, 'refuse' as const);
    fc.assert(
      fc.property(fc.oneof(contact, fc.string()), expires, mode, (contacts, asked, minExpiresMode) => {
        const read = bindings({ contact: contacts, expires: asked }, { minExpiresMode });
        expect([200, 400, 403, 423]).toContain(read.ok ? 200 : refusals[read.word].status);
        const value = read.ok ? read.value : undefined;
        const registered = value?.kind === 'register' ? value.contacts : [];
        expect(registered.filter(({ expiresSec }) => expiresSec !== 0 && expiresSec < 60)).toEqual([]);
        // What the contract does not take throws.
        if (value?.kind === 'register') registerGatewaySchema.shape.contacts.parse(value.contacts);
        if (value?.kind === 'unregister') unregisterGatewaySchema.shape.contacts.parse(value.contacts);
      }),
    );
  });
});

describe('what a REGISTER does', () => {
  it('is a fetch without Contact', () => {
    expect(bindings({ contact: undefined, expires: '0' })).toEqual({ ok: true, value: { kind: 'fetch' } });
  });

  it('is refused for a contact of IPv6, which nobody would call', () => {
    expect(bindings({ contact: '<sip:gw@[::1]:5062>' })).toEqual(refused(400, 'ipv6-contact'));
    expect(bindings({ contact: '<sip:a@b>, <sips:gw@[2001:db8::1]>;q=0.1' })).toEqual(
      refused(400, 'ipv6-contact'),
    );
  });

  it('is a removal where every contact expires at once', () => {
    const removed = { ok: true, value: { kind: 'unregister', contacts: ['sip:a@b', 'sip:c@d'] } };
    expect(bindings({ contact: 'sip:a@b;expires=0, <sip:c@d>;expires=0' })).toEqual(removed);
    expect(bindings({ contact: '<sip:a@b>,<sip:c@d>', expires: '0' })).toEqual(removed);
    expect(bindings({ contact: ' * ', expires: '0' })).toEqual({
      ok: true,
      value: { kind: 'unregister', contacts: '*' },
    });
  });

  it('is a registration where some do not, and carries those that do', () => {
    expect(bindings({ contact: '<sip:a@b>;expires=0, "x,\\"y" <sip:c@d;p>;q=0.3;expires=70' })).toEqual({
      ok: true,
      value: {
        kind: 'register',
        contacts: [
          { uri: 'sip:a@b', expiresSec: 0 },
          { uri: 'sip:c@d;p', expiresSec: 70, q: 0.3 },
        ],
      },
    });
  });
});

describe('the answer', () => {
  it('lists every binding with what is left, and the time', () => {
    const now = Date.UTC(2026, 10, 23, 18, 0, 0);
    expect(
      bindingHeaders(
        [
          { uri: 'sip:a@b', expiresSec: 60 },
          { uri: 'sip:c@d', expiresSec: 5, q: 0.5 },
        ],
        now,
      ),
    ).toEqual({
      Contact: '<sip:a@b>;expires=60, <sip:c@d>;expires=5;q=0.5',
      Date: 'Mon, 23 Nov 2026 18:00:00 GMT',
    });
  });
});
