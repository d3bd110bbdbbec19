import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResponse } from '../../sip/message/build.ts';
import {
  parseMessage,
  readEnvelope,
  type SipParseError,
  type SipRequest,
} from '../../sip/message/message.ts';
import { serialize } from '../../sip/message/serialize.ts';
import { parseNameAddr } from '../../sip/name-addr.ts';
import { headerOf, textOf } from '../../sip/text.ts';
import { errorOf, head, invite } from './support/messages.ts';

// The second byte of `à` in UTF-8 is 0xA0, which JavaScript counts among the blanks.
it('a character of two bytes is no blank, wherever it stands', () => {
  const user = headerOf('caf\u00e0');
  const lines = invite
    .with(0, `INVITE sip:${user}@example.test SIP/2.0`)
    .with(2, `From: sip:${user}@example.test;tag=${user}`);
  const message = parseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')) as SipRequest;
  expect(message.uri).toBe(`sip:${user}@example.test`);
  expect(parseNameAddr(message.headers.get('from') ?? '')).toMatchObject({ uri: `sip:${user}@example.test` });
});

/* What the grammar does not allow and the network knows; and what is refused must be answered. */
describe('a SIP message', () => {
  it.each([
    ['lines that end by LF alone', Buffer.from(`${invite.join('\n')}\nl: 4\n\nbody`)],
    ['line ends of both kinds', Buffer.from(`${invite.join('\r\n')}\nl: 4\n\r\nbody`)],
    [
      'zeros before its numbers',
      Buffer.from(
        `${invite.with(5, 'CSeq: 0000000000001 INVITE').join('\r\n')}\r\nl: 00000000004\r\n\r\nbody`,
      ),
    ],
  ])('is understood with %s', (_what, packet) => {
    const message = parseMessage(packet);
    expect(readEnvelope(message).cseq.number).toBe(1);
    expect(message.body.toString()).toBe('body');
  });

  it('has the first empty line between head and body, whatever stands in the body', () => {
    const body = 'a\n\nb\r\n\r\nc';
    const message = parseMessage(Buffer.concat([head([...invite, `l: ${body.length}`]), Buffer.from(body)]));
    expect(message.body.toString()).toBe(body);
  });

  it('may have control characters that are escaped in a quoted string (RFC 4475 3.1.1.2)', () => {
    const from = 'From: "BEL:\\\u0007 DEL:\\\u007f" <sip:ann@example.test>;tag=a';
    expect(readEnvelope(parseMessage(head(invite.with(2, from)))).fromTag).toBe('a');
  });

  it.each([
    ['From', 'From: <sip:eve@example.test>;tag=b'],
    ['To', 't: <sip:other@example.test>'],
    ['Call-ID', 'Call-ID: 2@10.0.0.1'],
    ['CSeq', 'CSeq: 2 INVITE'],
    ['Max-Forwards', 'Max-Forwards: 5'],
  ])('has one %s (RFC 4475 3.3.8)', (name, second) => {
    const lines = name === 'Max-Forwards' ? [...invite, second, second] : [...invite, second];
    const error = errorOf(() => readEnvelope(parseMessage(head(lines)))) as SipParseError;
    expect(error).toMatchObject({ status: 400 });
    expect(error.request).toBeDefined();
  });

  it.each([
    ['two blanks', 'INVITE  sip:room@example.test SIP/2.0', 400],
    ['a blank in the URI', 'INVITE sip:room@example.test; lr SIP/2.0', 400],
    ['blanks at the end', 'INVITE sip:room@example.test SIP/2.0  ', 400],
  ])('with %s in its first line can be answered for', (_what, line, status) => {
    const error = errorOf(() => parseMessage(head(invite.with(0, line)))) as SipParseError;
    expect(error.status).toBe(status);
    expect(createResponse(error.request as SipRequest, { status }).headers.get('via')).toContain('z9hG4bK1');
  });

  it('with a control character or a head too large is answered without repeating it', () => {
    const bell = errorOf(() =>
      parseMessage(head(invite.with(2, 'From: <sip:a\u0007b@h>;tag=a'))),
    ) as SipParseError;
    expect(bell.request?.headers.get('from')).toBe('<sip:ab@h>;tag=a');
    const large = errorOf(() => parseMessage(head([...invite, `X: ${'y'.repeat(40_000)}`]))) as SipParseError;
    expect(large).toMatchObject({ status: 513 });
    expect(large.request?.headers.get('call-id')).toBe('1@10.0.0.1');
  });

  it('keeps each byte of a header, in whatever encoding it is', () => {
    const latin1 = Buffer.from('Subject: caf\u00e9 \u0085', 'latin1');
    const packet = Buffer.concat([
      Buffer.from(`${invite.join('\r\n')}\r\n`),
      latin1,
      Buffer.from('\r\n\r\n'),
    ]);
    const message = parseMessage(packet);
    expect(serialize(message).includes(latin1)).toBe(true);
    expect(textOf(message.headers.get('subject') ?? '')).toBe('caf\u00e9 \u0085');
  });

  it('has text that is UTF-8, and read as Latin-1 where it is none', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => textOf(headerOf(text)) === text));
    expect(textOf(Buffer.from('Zoë ☂').toString('latin1'))).toBe('Zoë ☂');
    expect(textOf('Zo\u00eb')).toBe('Zoë');
  });
});
