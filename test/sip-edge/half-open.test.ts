import { afterEach, expect, it } from 'vitest';
import type { AllocateAnswer, AllocateGateway } from '../../contracts/commands.ts';
import { type Fact, factSchema } from '../../contracts/facts.ts';
import { sumOf } from '../support/emf.ts';
import { OutgoingCall } from '../support/sip-peer/dialog.ts';
import type { ReceivedResponse } from '../support/sip-peer/message.ts';
import { answerCall, hangUp, SipPeer } from '../support/sip-peer/peer.ts';
import type { Transport } from '../support/sip-peer/wire.ts';
import { until } from '../support/until.ts';
import type { AwsBehaviour } from './support/aws.ts';
import { granted } from './support/control-plane.ts';
import { password } from './support/edge.ts';
import { domain } from './support/environment.ts';
import { EdgeProcesses } from './support/process.ts';

/* Callers who never acknowledge a 200, before the edge's process whole. */

let facts: Fact[];
/** The Call-IDs for which a gateway was locked. */
let locked: string[];
let gateway: SipPeer;

function allocate({ callId, attempt }: AllocateGateway): AllocateAnswer {
  locked.push(callId);
  return granted(gateway, attempt);
}

const edges = new EdgeProcesses((): AwsBehaviour => {
  facts = [];
  locked = [];
  return {
    secret: () => JSON.stringify({ current: password }),
    invoke: (name, payload) => {
      if (name !== 'allocate') return { calls: [], hangups: [] };
      const { batch } = payload as { batch?: AllocateGateway[] };
      return batch === undefined
        ? allocate(payload as AllocateGateway)
        : { answers: batch.map((command) => ({ answer: allocate(command) })) };
    },
    putEvents: (entries) => {
      for (const { Detail } of entries) facts.push(factSchema.parse(JSON.parse(Detail)));
      return undefined;
    },
  };
});

const peers: SipPeer[] = [];
const body = 'v=0\r\n';
const uri = `sip:room@${domain}`;

/** Callers come by TCP, since they send nothing again that a full socket loses. */
async function peer(name: string, from: string, transport: Transport = 'tcp'): Promise<SipPeer> {
  const opened = await SipPeer.connect(transport, edges.server.sip, { name, from, absorbsRepeats: true });
  peers.push(opened);
  return opened;
}

afterEach(() => Promise.all(peers.splice(0).map((one) => one.close())));

it('spends few gateways on callers who never acknowledge, and serves those who do', async () => {
  const edge = edges.start({ STACK_NAME: 'Test', METRICS_INTERVAL_SEC: '1', HALF_OPEN_LIMIT: '6' });
  await edge.event('edge-ready');
  gateway = await peer('10.0.0.1.mediagw.0', '127.0.0.1', 'udp');
  const regular = await peer('ann', '127.0.0.3');
  const first = regular.call(uri, { body });
  await answerCall(first, await gateway.incoming('INVITE'), { body });
  await hangUp(first.dialog, gateway);

  gateway.answers('INVITE');
  const strangers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => peer(`stranger${n}`, `127.0.1.${n + 1}`)),
  );
  const attempts = strangers.flatMap((stranger) =>
    Array.from({ length: 10 }, () => stranger.call(uri, { body })),
  );
  const answers = await Promise.all(attempts.map((call) => call.answer()));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(answers.length - refused.length).toBe(6);
  for (const [n, answer] of answers.entries()) {
    if (answer.status === 200) continue;
    attempts[n]?.dialog.refuse((attempts[n] as OutgoingCall).invite, answer);
    expect(answer.status).toBe(503);
    expect(answer.header('reason')).toContain('text="half-open');
    expect(Number(answer.header('retry-after'))).toBeGreaterThan(0);
  }
  // No gateway was locked for those refused, nor even asked for.
  expect(locked).toHaveLength(7);

  const again = regular.call(uri, { body });
  await again.established();
  expect(locked).toHaveLength(8);
  const sum = (name: string) => sumOf(edge.lines, name, 'Test');
  await until('they are counted', () => sum('RefusedInvites') >= refused.length && sum('HalfOpenCalls') >= 6);

  // An ACK makes room for another call, and its caller no stranger any more.
  const late = answers.findIndex(({ status }) => status === 200);
  const { dialog } = attempts[late] as OutgoingCall;
  dialog.acknowledge(answers[late] as ReceivedResponse);
  await until('a stranger has room', async () => {
    const call = new OutgoingCall(dialog.peer, uri, { body });
    const answer = await call.answer();
    if (answer.status === 200) call.dialog.acknowledge(answer);
    else call.dialog.refuse(call.invite, answer);
    return answer.status === 200;
  });
});
