import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCSeq } from '../../sip/cseq.ts';
import { bestChallenge, digestAnswer } from '../../sip/digest/client.ts';
import { parseCredentials } from '../../sip/digest/credentials.ts';
import { formatHostPort, parseHostPort } from '../../sip/host-port.ts';
import { newBranch } from '../../sip/message/build.ts';
import { parseNameAddr, parseNameAddrs, tagOf } from '../../sip/name-addr.ts';
import { parseParams, quote } from '../../sip/parameters.ts';
import { reasonHeader, reasonText } from '../../sip/reason.ts';
import { parseSessionExpires } from '../../sip/session-expires.ts';
import { parseSipUri } from '../../sip/uri.ts';
import { parseVia } from '../../sip/via.ts';

/* What is written by the grammar of RFC 3261 25.1 is read back as it was meant. */

const chars = (text: string) => fc.constantFrom(...text);
const word = (characters: string, minLength = 1) =>
  fc.string({ unit: chars(characters), minLength, maxLength: 12 });
const alphanumeric = 'abcdefghijklmnopqrstuvwxyz0123456789';

const token = word(`${alphanumeric}ABC-.!%*_+\`'~`);
const label = word(alphanumeric);
const hostName = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const host = fc.oneof(
  hostName,
  fc.ipV4(),
  fc.ipV6().map((address) => address.toLowerCase()),
);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const hostPort = fc.record({ host, port });

/** Names are unlike each other in any case, and values need no quotes. */
const params = (value: fc.Arbitrary<string>) =>
  fc.uniqueArray(fc.tuple(word(alphanumeric), fc.oneof(value, fc.constant(''))), {
    selector: ([name]) => name,
    maxLength: 4,
  });
const paramText = ([name, value]: [string, string]) => (value === '' ? `;${name}` : `;${name}=${value}`);

const uriParts = fc.record({
  scheme: fc.constantFrom('sip', 'sips'),
  user: fc.option(word(`${alphanumeric}AZ-_.!~*'()&=+$,;?/%`), { nil: undefined }),
  hostPort,
  params: params(word(`${alphanumeric}-_.!~*'()[]/&+$%`)),
  headers: fc.option(word(`${alphanumeric}-_.!~*'()[]/+$=&%`), { nil: undefined }),
});
type UriParts = typeof uriParts extends fc.Arbitrary<infer Parts> ? Parts : never;

function uriText({
  scheme,
  user,
  hostPort: { host: at, port: on },
  params: given,
  headers,
}: UriParts): string {
  const userInfo = user === undefined ? '' : `${user}@`;
  const asked = headers === undefined ? '' : `?${headers}`;
  return `${scheme}:${userInfo}${formatHostPort(at, on)}${given.map(paramText).join('')}${asked}`;
}

describe('what is written and read again is the same:', () => {
  it('host and port', () => {
    fc.assert(
      fc.property(hostPort, (parts) => {
        expect({ port: undefined, ...parseHostPort(formatHostPort(parts.host, parts.port)) }).toEqual(parts);
      }),
    );
  });

  it('a SIP URI', () => {
    fc.assert(
      fc.property(uriParts, (parts) => {
        expect(parseSipUri(uriText(parts))).toEqual({
          scheme: parts.scheme,
          user: parts.user,
          ...parts.hostPort,
          params: new Map(parts.params),
          headers: parts.headers,
        });
      }),
    );
  });

  it('a list of names and addresses', () => {
    const quoted = fc.string({ unit: 'grapheme' });
    const address = fc.record({ name: quoted, uri: uriParts, params: params(token) });
    fc.assert(
      fc.property(fc.array(address, { minLength: 1, maxLength: 5 }), (addresses) => {
        const texts = addresses.map(
          ({ name, uri, params: given }) =>
            `${name === '' ? '' : `${quote(name)} `}<${uriText(uri)}>${given.map(paramText).join('')}`,
        );
        const read = addresses.map(({ name, uri, params: given }) => ({
          ...(name !== '' && { displayName: name }),
          uri: uriText(uri),
          params: new Map(given),
        }));
        expect(texts.map(parseNameAddr)).toEqual(read);
        expect(parseNameAddrs(texts.join(', '), 5)).toEqual(read);
      }),
    );
  });

  it('a tag, whatever stands in the name and the URI', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), uriParts, token, (name, uri, tag) => {
        expect(tagOf(`${quote(`${name};tag=no`)} <${uriText(uri)};tag=no>;tag=${tag}`)).toBe(tag);
        expect(tagOf(`${quote(`${name};tag=no`)} <${uriText(uri)};tag=no>`)).toBeUndefined();
      }),
    );
  });

  it('parameters, quoted or not', () => {
    fc.assert(
      fc.property(params(fc.string({ unit: 'grapheme' })), (given) => {
        const text = given.map(([name, value]) => `;${name}=${quote(value)}`).join('');
        expect(parseParams(text)).toEqual(new Map(given));
      }),
    );
  });

  it('a Via, alone and before others', () => {
    const branch = newBranch();
    fc.assert(
      fc.property(fc.constantFrom('UDP', 'TCP', 'TLS', 'WS'), hostPort, (protocol, parts) => {
        const hop = `SIP/2.0/${protocol} ${formatHostPort(parts.host, parts.port)};branch=${branch};rport`;
        const read = { protocol, ...parts, params: new Map(Object.entries({ branch, rport: '' })) };
        expect(parseVia(hop)).toEqual(read);
        expect(parseVia(`${hop}, SIP/2.0/UDP other;branch=x`)).toEqual(read);
      }),
    );
  });

  it('a sequence number and a session timer', () => {
    fc.assert(
      fc.property(fc.nat(), token, fc.integer({ min: 1, max: 999_999_999 }), (number, method, sec) => {
        expect(parseCSeq(`${number} ${method}`)).toEqual({ number, method });
        expect(parseSessionExpires(`${sec}`)).toEqual({ sec, refresher: undefined });
        expect(parseSessionExpires(`${sec} ;Refresher=UAC;x`)).toEqual({ sec, refresher: 'uac' });
      }),
    );
  });

  it('the text of a Reason, whatever the Call-ID', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (callId) => {
        expect(reasonText(reasonHeader(503, 'none-free', callId))).toMatch(/^none-free; id=[!-~]*$/);
      }),
    );
    expect(reasonText('SIP')).toBeUndefined();
    expect(reasonText('SIP;cause=200')).toBeUndefined();
  });

  it('a challenge and its answer', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, text, text, fc.boolean(), (realm, nonce, username, password, qopAuth) => {
        const qop = qopAuth ? ', qop="auth,auth-int"' : '';
        const header = `Digest realm=${quote(realm)}, nonce=${quote(nonce)}, algorithm=SHA-256${qop}`;
        const challenge = bestChallenge([header]);
        expect(challenge).toEqual({ realm, nonce, algorithm: 'SHA-256', qopAuth, stale: false });
        const request = {
          username,
          password,
          method: 'REGISTER',
          uri: 'sip:h',
          nonceCount: 1,
          clientNonce: 'c',
        };
        const answer = digestAnswer({ ...request, challenge: challenge as NonNullable<typeof challenge> });
        expect(parseCredentials(answer, realm)).toMatchObject({
          ...{ username, realm, nonce, uri: 'sip:h', algorithm: 'SHA-256' },
          qop: qopAuth ? 'auth' : undefined,
          nonceCount: qopAuth ? '00000001' : undefined,
        });
      }),
    );
  });
});

it.each(['', 'x', '0', '-1', '1800x', '1e3', ';refresher=uac', '1234567890'])(
  '%j is no session timer',
  (value) => expect(parseSessionExpires(value)).toBeUndefined(),
);
