import { describe, expect, it } from 'vitest';
import { dialogAsCallee, dialogAsCaller, learnedFrom, requestInDialog } from '../../sip/dialog.ts';
import { createRequest, createResponse } from '../../sip/message/build.ts';

/** An INVITE and its 200, through two proxies. */
function setUp(contact: readonly (readonly [string, string])[]) {
  const invite = createRequest({
    method: 'INVITE',
    uri: 'sip:room@example.test',
    from: '"Ann" <sip:ann@example.test>;tag=a',
    to: '<sip:room@example.test>',
    callId: 'c',
    cseq: 1,
    headers: [
      ['Record-Route', '<sip:near;lr>, <sip:middle;lr>'],
      ['Record-Route', '<sip:far;lr>'],
      ...contact,
    ],
  });
  return { invite, answer: createResponse(invite, { status: 200, toTag: 'b', headers: contact }) };
}

const contact = [['Contact', '"x, y" <sip:peer@192.0.2.1:5070;transport=tcp>;q=1, <sip:other@h>']] as const;
const routes = ['<sip:near;lr>', '<sip:middle;lr>', '<sip:far;lr>'];

describe('a dialog', () => {
  it('of the callee has the routes in order, that of the caller turned round (RFC 3261 12.1)', () => {
    const { invite, answer } = setUp(contact);
    const callee = dialogAsCallee(invite, 'b');
    const early = dialogAsCaller(invite);
    const caller = { ...early, ...learnedFrom(answer, early) };
    const remoteTarget = 'sip:peer@192.0.2.1:5070;transport=tcp';
    expect(callee).toEqual({
      callId: 'c',
      localParty: '<sip:room@example.test>;tag=b',
      remoteParty: '"Ann" <sip:ann@example.test>;tag=a',
      remoteTarget,
      routeSet: routes,
    });
    expect(caller).toEqual({
      callId: 'c',
      localParty: callee.remoteParty,
      remoteParty: callee.localParty,
      remoteTarget,
      routeSet: routes.toReversed(),
    });
  });

  it('through a strict router has it in the request URI, and the peer last (RFC 3261 12.2.1.1)', () => {
    const { invite } = setUp(contact);
    const dialog = { ...dialogAsCallee(invite, 'b'), routeSet: ['<sip:strict@h;x=1>', '<sip:far;lr>'] };
    const bye = requestInDialog(dialog, { method: 'BYE', cseq: 1 });
    expect(bye.uri).toBe('sip:strict@h;x=1');
    expect(bye.headers.getAll('route')).toEqual(['<sip:far;lr>', `<${dialog.remoteTarget}>`]);
  });

  it('with a peer that names no Contact leads to its From, or to where the INVITE went', () => {
    const { invite, answer } = setUp([]);
    expect(dialogAsCallee(invite, 'b').remoteTarget).toBe('sip:ann@example.test');
    const early = dialogAsCaller(invite);
    expect(learnedFrom(answer, early).remoteTarget).toBe('sip:room@example.test');
  });

  it('has requests with its parties, its target and its routes first', () => {
    const { invite } = setUp(contact);
    const bye = requestInDialog(dialogAsCallee(invite, 'b'), {
      method: 'BYE',
      cseq: 7,
      headers: [['Reason', 'SIP;cause=200']],
    });
    expect([bye.method, bye.uri]).toEqual(['BYE', 'sip:peer@192.0.2.1:5070;transport=tcp']);
    expect(bye.headers.keys.map((key, at) => `${key}: ${bye.headers.values[at]}`)).toEqual([
      'max-forwards: 70',
      'from: <sip:room@example.test>;tag=b',
      'to: "Ann" <sip:ann@example.test>;tag=a',
      'call-id: c',
      'cseq: 7 BYE',
      ...routes.map((route) => `route: ${route}`),
      'reason: SIP;cause=200',
    ]);
  });
});
