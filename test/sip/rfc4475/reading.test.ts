import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseMessage, readEnvelope, type SipRequest } from '../../../sip/message/message.ts';
import { parseNameAddr } from '../../../sip/name-addr.ts';
import { textOf } from '../../../sip/text.ts';
import { parseSipUri, unescapeUser } from '../../../sip/uri.ts';
import { errorOf } from '../support/messages.ts';
import { bytesOf, tortureMessages } from './messages.ts';

/* What an answer over a socket does not show: that a valid message of RFC 4475 is read as it is meant. */

const read = (name: string) => {
  const message = parseMessage(bytesOf(name));
  return { message, headers: message.headers, envelope: readEnvelope(message) };
};
/** The addresses of a header. */
const addresses = (name: string, header: string) =>
  read(name)
    .headers.getAll(header)
    .map((value) => parseNameAddr(value));

it('there are the 49 of the RFC, each once', () => {
  const files = readdirSync(join(import.meta.dirname, 'messages')).filter((file) => file.endsWith('.dat'));
  expect(files.toSorted()).toEqual(tortureMessages.map(({ name }) => `${name}.dat`).toSorted());
  expect(new Set(tortureMessages.map(({ section }) => section)).size).toBe(49);
});

const strict = tortureMessages.filter(({ section }) => section.startsWith('3.1.1.'));
it.each(strict)('$name ($section) is valid', ({ name }) => {
  expect(errorOf(() => read(name))).toBeUndefined();
});

it('3.1.1.1: folded lines, blanks and compact names are what they would be without', () => {
  const { headers, envelope } = read('wsinv');
  expect(envelope).toMatchObject({ cseq: { number: 9, method: 'INVITE' }, toTag: '1918181833n' });
  expect(envelope.via).toMatchObject({ protocol: 'UDP', host: '192.0.2.2' });
  expect(headers.get('max-forwards')).toBe('0068');
  expect(headers.getAll('via')).toHaveLength(2);
  expect(parseNameAddr(headers.get('from') ?? '')).toMatchObject({ displayName: 'J Rosenberg \\"' });
  expect(parseNameAddr(headers.get('contact') ?? '')).toMatchObject({ displayName: 'Quoted string ""' });
});

it('3.1.1.2: every character that may stand somewhere may', () => {
  const { message, headers, envelope } = read('intmeth');
  expect(message).toMatchObject({ method: "!interesting-Method0123456789_*+`.%indeed'~" });
  expect(envelope.callId).toBe('intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
  expect(parseNameAddr(headers.get('from') ?? '')?.uri).toBe('sip:mundane@example.com');
  expect(textOf(headers.get('from') ?? '')).toContain('"работающий"');
});

it('3.1.1.3 and 3.1.1.4: escapes are what they escape, and zeros tell users apart', () => {
  expect(unescapeUser(parseSipUri(addresses('esc01', 'to')[0]?.uri ?? '')?.user ?? '')).toBe('user');
  const users = addresses('escnull', 'contact').map((contact) => parseSipUri(contact?.uri ?? '')?.user ?? '');
  expect(users.map(unescapeUser)).toEqual(['\0', '\0\0']);
});

it('3.1.1.5: nothing is escaped in the name of a method or a header', () => {
  const { message, headers } = read('esc02');
  expect(message).toMatchObject({ method: 'RE%47IST%45R' });
  expect(headers.getAll('contact')).toHaveLength(2);
});

it('3.1.1.8: what stands behind the message is not of it', () => {
  expect(read('dblreq').message.body).toHaveLength(0);
});

it('3.1.1.9: the user goes to the @, whatever stands before', () => {
  expect(parseSipUri((read('semiuri').message as SipRequest).uri)).toMatchObject({
    user: 'user;par=u%40example.net',
    host: 'example.com',
  });
});

it('3.1.1.11: a body is its bytes', () => {
  const { message, headers } = read('mpart01');
  expect(message.body).toHaveLength(Number(headers.get('content-length')));
  expect(message.body).toContain(0);
});

it('3.1.1.12 and 3.1.1.13: a phrase may be anything, or nothing', () => {
  const { message } = read('unreason');
  expect(message.kind === 'response' && textOf(message.reason)).toContain('сто девяносто девять - простое');
  expect(read('noreason').message).toMatchObject({ status: 100, reason: '' });
});

it('3.3.12 and 3.3.13: parameters without <> are of the header, within of the URI', () => {
  expect(addresses('cparam01', 'contact')[0]).toMatchObject({
    uri: 'sip:+19725552222@gw1.example.net',
    params: new Map([['unknownparam', '']]),
  });
  const [within] = addresses('cparam02', 'contact');
  expect(within).toMatchObject({ params: new Map() });
  expect(parseSipUri(within?.uri ?? '')?.params.has('unknownparam')).toBe(true);
});
