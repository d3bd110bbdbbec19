import DrachtioMessage from 'drachtio-srf/lib/sip-parser/message.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readableHead } from '../../../sip-edge/drachtio/readable-head.ts';

const start = 'INVITE sip:room@example.org SIP/2.0';

/** What drachtio-srf makes of a message that is handed on. */
function readBySrf(lines: readonly string[], body = '') {
  const read = readableHead(`${[start, ...lines].join('\r\n')}\r\n\r\n${body}`);
  if (!read.isReadable) throw new Error(read.why);
  return new DrachtioMessage(read.message);
}

describe('the head of a message, as drachtio-srf gets it', () => {
  it('has its compact names in full, of which drachtio-srf mistakes some', () => {
    const { headers } = readBySrf([
      'e: gzip',
      'x: 90;refresher=uac',
      'r: <sip:b@h>',
      'c: text/plain',
      'k: timer',
    ]);
    expect(headers).toMatchObject({
      'content-encoding': 'gzip',
      'session-expires': '90;refresher=uac',
      'refer-to': '<sip:b@h>',
      'content-type': 'text/plain',
      supported: 'timer',
    });
  });

  it('may have a character of two bytes in its first line, of which one is a blank to JavaScript', () => {
    const line = 'BYE sip:caf\u00c3\u00a0@h SIP/2.0';
    expect(readableHead(`${line}\r\n\r\n`)).toMatchObject({ message: `${line}\r\n\r\n` });
  });

  it('has its first line in capitals', () => {
    const read = readableHead('sip/2.0 200 fine\r\nSubject: s\r\n\r\n');
    expect(read).toMatchObject({ message: 'SIP/2.0 200 fine\r\nSubject: s\r\n\r\n' });
    expect(readableHead('BYE sip:a@h sip/2.0\r\n\r\n')).toMatchObject({
      message: 'BYE sip:a@h SIP/2.0\r\n\r\n',
    });
  });

  it('has a type where there is a body', () => {
    expect(readBySrf([], 'Signal=5').headers['content-type']).toBe('application/octet-stream');
    expect(readBySrf([], 'v=0\r\n').headers['content-type']).toBe('application/sdp');
    expect(readBySrf(['c: text/plain'], 'v=0\r\n').headers['content-type']).toBe('text/plain');
    expect(readBySrf([]).headers).not.toHaveProperty('content-type');
  });

  it('has each header on one line', () => {
    expect(readBySrf(['Subject : one\r\n two\r\n\tthree  ']).headers.subject).toBe('one two three');
  });

  it('ends a header with the byte that ended it, though JavaScript takes it for a blank', () => {
    const voila = Buffer.from('voilà').toString('latin1');
    expect(readBySrf([`Subject: ${voila}`]).headers.subject).toBe(voila);
  });

  it('has no header that every object in JavaScript has', () => {
    const { headers } = readBySrf(['constructor: x', '__proto__: y', 'Subject: s']);
    expect(headers).toEqual({ subject: 's' });
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it('states the length of a body that came without, so that an empty line in it does not end it', () => {
    const body = 'a\r\n\r\nb\r\n\r\nc';
    expect(readBySrf(['Content-Type: text/plain'], body).body).toBe(body);
    expect(readBySrf([`l: ${body.length}`], body).body).toBe(body);
  });

  it.each([
    ['two blanks in its first line', 'INVITE  sip:room@example.org SIP/2.0\r\nVia: x\r\n\r\n'],
    ['a line without a name', `${start}\r\nnothing\r\n\r\n`],
    ['a name that is none', `${start}\r\na b: c\r\n\r\n`],
    ['nothing', ''],
  ])('with %s is not handed on', (_what, message) => {
    expect(readableHead(message).isReadable).toBe(false);
  });

  it('is never one that drachtio-srf throws at', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a: b', 'X', ': c', 'l: 3', '\r\n', '\n'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
        const read = readableHead(`${[start, ...lines].join('\r\n')}\r\n\r\n`);
        // To make a message of it throws where drachtio-srf would.
        expect(read.isReadable && new DrachtioMessage(read.message)).toBeDefined();
      }),
    );
  });
});
