import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResponse } from '../../sip/message/build.ts';
import { SipHeaderError, SipHeaders } from '../../sip/message/headers.ts';
import {
  parseMessage,
  readEnvelope,
  type SipMessage,
  SipParseError,
  type SipRequest,
} from '../../sip/message/message.ts';
import { serialize } from '../../sip/message/serialize.ts';
import { listOf } from '../../sip/parameters.ts';
import { errorOf, head, invite } from './support/messages.ts';

describe('a SIP message', () => {
  it('is read with compact names, folded lines, blanks around the colon and several Vias', () => {
    const message = parseMessage(
      head([
        'INVITE sip:room@example.test SIP/2.0',
        'v: SIP/2.0/TCP [2001:db8::1]:5061 ;branch=z9hG4bK2, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK3',
        'VIA  :  SIP/2.0/UDP 10.0.0.3',
        'f: "A, \\"B\\";tag=no" <sip:ann@example.test;tag=nor>;tag=yes',
        't: <sip:room@example.test>',
        'i: abc',
        'cseq: 7',
        '   INVITE',
        'm: <sip:ann@10.0.0.1>',
        'r: <sip:other@example.test>',
        'l: 0',
      ]),
    );
    const { via, cseq, fromTag, toTag, callId } = readEnvelope(message);
    expect(via).toMatchObject({ protocol: 'TCP', host: '2001:db8::1', port: 5061 });
    expect(listOf(message.headers.getAll('via'))).toHaveLength(3);
    expect({ cseq, fromTag, toTag, callId }).toEqual({
      cseq: { number: 7, method: 'INVITE' },
      fromTag: 'yes',
      toTag: undefined,
      callId: 'abc',
    });
    expect(message.headers.get('refer-to')).toBe('<sip:other@example.test>');
    expect(serialize(message).toString()).toContain('\r\nRefer-To: <sip:other@example.test>\r\n');
  });

  it('keeps a body that is no text, and states its length in bytes', () => {
    const body = Buffer.from([0, 255, 13, 10, 13, 10, 128]);
    const message = parseMessage(Buffer.concat([head([...invite, 'Content-Length: 7']), body]));
    expect(message.body).toEqual(body);
    message.headers.set('Content-Length', '3');
    expect(serialize(message).subarray(-7)).toEqual(body);
    expect(serialize(message).toString('latin1')).toContain('Content-Length: 7\r\n');
  });

  it('takes no more of a datagram than Content-Length says, and all of it without one', () => {
    expect(
      parseMessage(Buffer.concat([head([...invite, 'l: 2']), Buffer.from('body')])).body.toString(),
    ).toBe('bo');
    expect(parseMessage(Buffer.concat([head(invite), Buffer.from('body')])).body.toString()).toBe('body');
  });

  it.each([
    ['no empty line', Buffer.from('OPTIONS sip:x SIP/2.0\r\n')],
    ['no SIP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a line without a name', head([...invite, 'nonsense'])],
    ['a bare carriage return', head([...invite, 'Subject: a\rb'])],
    ['a control character', head([...invite, 'Subject: a\u0007b'])],
    ['a length that is no number', head([...invite, 'Content-Length: many'])],
    ['two lengths', head([...invite, 'Content-Length: 0', 'l: 1'])],
    ['a body shorter than said', head([...invite, 'Content-Length: 5'])],
    ['too many headers', head([...invite, ...Array.from({ length: 1000 }, () => 'X: y')])],
    ['a head too large', head([...invite, `X: ${'y'.repeat(40_000)}`])],
  ])('is refused with %s', (_what, packet) => {
    expect(errorOf(() => parseMessage(packet))).toBeInstanceOf(SipParseError);
  });

  it.each([
    ['without a Call-ID', 4, '', 400],
    ['without a To', 3, '', 400],
    ['with a CSeq of another method', 5, 'CSeq: 1 OPTIONS', 400],
    ['with a CSeq beyond 31 bits', 5, 'CSeq: 2147483648 INVITE', 400],
    ['with a Call-ID of two words', 4, 'Call-ID: a b', 400],
    ['with two types', 5, 'CSeq: 1 INVITE\r\nContent-Type: a/b\r\nc: a/b', 400],
    ['of another version', 0, 'INVITE sip:x SIP/3.0', 505],
    ['to no URI', 0, 'INVITE room SIP/2.0', 400],
  ] as const)('%s is refused with a status and what an answer needs', (_what, at, line, status) => {
    const lines = invite.with(at, line).filter((kept) => kept !== '');
    const error = errorOf(() => readEnvelope(parseMessage(head(lines)))) as SipParseError;
    expect(error).toBeInstanceOf(SipParseError);
    expect(error.status).toBe(status);
    expect(createResponse(error.request as SipRequest, { status }).headers.get('via')).toContain('z9hG4bK1');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'may have a header called %s',
    (name) => {
      const message = parseMessage(head([...invite, `${name}: x`]));
      expect(message.headers.get(name.toLowerCase())).toBe('x');
      expect(serialize(message).toString()).toContain(`\r\n${name}: x\r\n`);
    },
  );

  it('cannot be split by a header value', () => {
    const headers = new SipHeaders();
    for (const value of ['a\r\nEvil: b', 'a\nb', 'a\0b']) {
      expect(() => headers.append('Subject', value)).toThrow(SipHeaderError);
      expect(() => headers.set('Subject', value)).toThrow(SipHeaderError);
    }
    expect(() => headers.append('Sub ject', 'a')).toThrow(SipHeaderError);
  });

  it('is the same after it was written and read again', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const again = parseMessage(serialize(message));
        expect({ ...again, headers: linesOf(again) }).toEqual({
          ...message,
          headers: [...linesOf(message), ['content-length', String(message.body.length)]],
        });
      }),
    );
  });

  it('is read or refused with a typed error, whatever the bytes', () => {
    const nearly = fc
      .tuple(fc.subarray(invite), fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }), fc.uint8Array())
      .map(([lines, more, body]) => Buffer.concat([head([...lines, ...more]), body]));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
          nearly,
        ),
        (packet) => {
          const error = errorOf(() => readEnvelope(parseMessage(packet)));
          expect(error === undefined || error instanceof SipParseError).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.-]{0,12}$/);
/** One character a byte. */
const word = fc.stringMatching(/^[!-~\u0080-\u00ff]{1,20}$/);
const value = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
const headerLines = fc.array(
  fc.tuple(
    token.filter((name) => name.length > 1 && name.toLowerCase() !== 'content-length'),
    value,
  ),
  { maxLength: 8 },
);
const body = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

const anyMessage: fc.Arbitrary<SipMessage> = fc
  .tuple(token, word, fc.integer({ min: 100, max: 699 }), value, headerLines, body, fc.boolean())
  .map(([method, uri, status, reason, lines, content, isRequest]) => {
    const headers = new SipHeaders();
    for (const [name, line] of lines) headers.append(name, line);
    return isRequest
      ? { kind: 'request', method, uri, headers, body: content }
      : { kind: 'response', status, reason, headers, body: content };
  });

function linesOf({ headers }: SipMessage): [string, string][] {
  return headers.keys.map((key, at) => [key, headers.values[at] as string]);
}
