import { describe, expect, it } from 'vitest';
import { mostMessagesTold, type SipMessage } from '../../../contracts/sip-message.ts';
import { SipMessages } from '../../../sip-edge/call/messages.ts';
import { startTestEdge } from './support/edge.ts';
import { type Scene, takeCancel } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
let scene: Scene;

type Teller = 'call.answered' | 'call.ended' | 'call.failed' | 'call.cancelled';

/** What facts of a kind tell of a side; `>` is what the edge received. The two sides cross each other as they like. */
function told(leg: SipMessage['leg'], ...types: Teller[]): string[] {
  const facts = types.flatMap((type) => scene.world.factsOf<Teller>(type));
  return facts
    .flatMap(({ messages = [] }) => messages)
    .filter((message) => message.leg === leg)
    .map(({ direction, method, status }) =>
      [direction === 'received' ? '>' : '<', status, method].filter(Boolean).join(' '),
    );
}

describe.each(['udp', 'tcp'] as const)('the messages of a call, over %s', (transport) => {
  it('are told from INVITE to BYE', async () => {
    scene = await suite.open({ transport });
    const { caller, gateway } = await scene.establish();
    expect(told('caller', 'call.answered').slice(0, 3)).toEqual(['> INVITE', '< 180 INVITE', '< 200 INVITE']);
    expect(told('gateway', 'call.answered')).toEqual(['< INVITE', '> 180 INVITE', '> 200 INVITE', '< ACK']);

    const info = caller.ask('INFO', { body: 'x', contentType: 'text/plain' });
    (await scene.gateway.incoming('INFO')).reply(200);
    expect((await info).status).toBe(200);
    const bye = gateway.bye();
    (await scene.caller.incoming('BYE')).reply(200);
    await bye;
    await scene.expectAllOver();
    const within = ['> ACK', '> INFO', '< 200 INFO', '< BYE'];
    expect(told('caller', 'call.answered', 'call.ended').slice(3)).toEqual(within);
    expect(told('gateway', 'call.ended')).toEqual(['< INFO', '> 200 INFO', '> BYE', '< 200 BYE']);
  });

  it('tell who refused, and what the caller heard', async () => {
    scene = await suite.open({ transport });
    const call = scene.dial();
    (await scene.gateway.incoming('INVITE')).reply(488);
    await call.refusal(488);
    await scene.expectAllOver();
    expect(told('caller', 'call.failed')).toEqual(['> INVITE', '< 488 INVITE']);
    expect(told('gateway', 'call.failed').slice(0, 2)).toEqual(['< INVITE', '> 488 INVITE']);
  });

  it('tell of a CANCEL, on both sides', async () => {
    scene = await suite.open({ transport });
    const { call, invite } = await scene.ring();
    call.cancel();
    await takeCancel(scene.gateway, invite);
    await scene.expectAllOver();
    expect(told('caller', 'call.cancelled').slice(0, 3)).toEqual(['> INVITE', '< 180 INVITE', '> CANCEL']);
    expect(told('gateway', 'call.cancelled').slice(0, 4)).toEqual([
      '< INVITE',
      '> 180 INVITE',
      '< CANCEL',
      '> 487 INVITE',
    ]);
  });
});

it('go on with the application that takes the call over', async () => {
  scene = await suite.open({ transport: 'tcp' });
  await scene.establish();
  scene.caller.answers('OPTIONS');
  scene.gateway.answers('OPTIONS', 481);
  scene.edge.kill();
  scene.edge = await startTestEdge(suite.server, scene.world);
  (await scene.caller.incoming('BYE')).reply(200);
  await scene.expectAllOver();
  expect(told('gateway', 'call.ended')).toEqual(['> 481 OPTIONS']);
  expect(told('caller', 'call.ended')).toEqual(['< BYE']);
});

it('are counted where there are too many, and forgotten once told and once the call is over', () => {
  let nowMs = 0;
  const messages = new SipMessages({ now: () => nowMs });
  const call = messages.begin('invite', 'a;from-tag=b', 0);
  const see = (startLine: string, txnId = '', dialogId = 'a;from-tag=b') => {
    nowMs += 1;
    messages.see({ direction: 'received', txnId, dialogId, startLine, cseqMethod: () => undefined });
  };
  for (let n = 0; n < 100; n += 1) see('INFO sip:x SIP/2.0', `info-${n}`);
  see('BYE sip:x SIP/2.0', 'bye');
  see('<script> sip:x SIP/2.0', 'odd');
  const { messages: notes = [], messagesLeftOut } = call.take();
  expect(notes).toHaveLength(mostMessagesTold);
  expect([notes[0]?.method, notes.at(-1)?.method, notes.at(-1)?.at]).toEqual(['INVITE', 'BYE', 101]);
  expect(messagesLeftOut).toBe(102 - mostMessagesTold);
  expect(call.take()).toEqual({});
  call.over();
  see('INFO sip:x SIP/2.0', 'late');
  see('SIP/2.0 200 OK', 'info-7', '');
  expect(call.take()).toEqual({});
});
