import { afterEach, beforeEach, expect, it } from 'vitest';
import { actions } from '../../contracts/api/actions.ts';
import type { CallDetail } from '../../contracts/api/views.ts';
import { eventually } from '../support/eventually.ts';
import { Parties } from './support/parties.ts';
import { Stack } from './support/stack.ts';

/* Two zones: two edges, each with its SIP server, and one table. */

const [first, second] = ['local', 'local-2'] as const;
let stack: Stack;
/** Who uses the SIP server of each zone. */
let here: Parties;
let there: Parties;

beforeEach(async () => {
  stack = await Stack.start('--zones', '2');
  here = new Parties(stack, 0);
  there = new Parties(stack, 1);
});

afterEach(async () => {
  await Promise.all([here, there].map((parties) => parties?.close()));
  await stack?.stop();
});

const untilEnded = (callId: string, outcome: CallDetail['outcome']) =>
  stack.untilCall(callId, { state: 'ended', outcome });

it('a gateway that registered at one edge is called through the other, and hangs up', async () => {
  const { username, answered } = await here.gateway();
  expect((await stack.gateway(username))?.edgeId).toBe(first);
  const caller = await there.connect();
  await stack.untilCall(caller.dialog.callId, { edgeId: second, gateway: username });
  await (await answered).hangUp();
  await untilEnded(caller.dialog.callId, 'answered');
});

it('a caller that tries the other address with the same Call-ID has a gateway for each try', async () => {
  const one = await here.gateway();
  const other = await there.gateway();
  const callId = 'tried-at-both';
  const [a, b] = await Promise.all([
    (await here.dial('room12', undefined, callId)).result,
    (await there.dial('room12', undefined, callId)).result,
  ]);
  if (a.result !== 'answered' || b.result !== 'answered') throw new Error(`${a.result} and ${b.result}`);
  await Promise.all([one.answered, other.answered]);
  await a.session.hangUp();
  await eventually(async () => {
    const states = await Promise.all([one, other].map(async ({ username }) => stack.gateway(username)));
    expect(states.filter((gateway) => gateway?.state === 'busy')).toHaveLength(1);
  });
  await b.session.hangUp();
  await eventually(async () => expect(await stack.liveCalls()).toEqual([]));
  const calls = (await stack.calls()).filter((call) => call.callId === callId);
  expect(calls.map(({ edgeId, outcome }) => `${outcome} at ${edgeId}`).sort()).toEqual([
    `answered at ${first}`,
    `answered at ${second}`,
  ]);
});

it('an application that is killed takes no call of the other edge with it, nor its own', async () => {
  const mine = await here.gateway();
  const caller = await here.connect();
  await mine.answered;
  await there.gateway();
  const other = await there.connect();
  const before = Date.now();
  stack.killEdge(first);
  await there.gateway();
  await (await there.connect()).hangUp();
  await stack.untilRestarted('edge', before);
  await other.hangUp();
  await untilEnded(other.dialog.callId, 'answered');
  // The gateway hears of it from the application that has taken the call over.
  const gone = (await mine.answered).ended;
  await caller.hangUp();
  await gone;
  await untilEnded(caller.dialog.callId, 'answered');
});

it('an edge that is drained keeps its calls and registrations, and new calls go to the other', async () => {
  const api = await stack.api();
  const ordered = { params: { edgeId: first }, body: { reason: 'its host is to be replaced' } };
  const mine = await here.gateway();
  const caller = await here.connect();
  await mine.answered;
  expect(await api.ask(actions.drainEdge, ordered)).toMatchObject({ changed: true });
  // It has a call, so it asks every two seconds; a call that comes before finds no gateway free.
  const refused = await eventually(async () => {
    const answer = await here.refused();
    expect(answer.reason).toContain('draining');
    return answer;
  });
  expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+/) });
  const late = await here.gateway();
  expect((await stack.gateway(late.username))?.edgeId).toBe(first);
  const other = await there.connect();
  await stack.untilCall(other.dialog.callId, { edgeId: second, gateway: late.username });
  await other.hangUp();
  await untilEnded(other.dialog.callId, 'answered');
  await stack.untilCall(caller.dialog.callId, { state: 'answered' });
  expect(await api.ask(actions.resumeEdge, ordered)).toMatchObject({ changed: true });
  await there.gateway();
  const again = await eventually(() => here.connect());
  await again.hangUp();
  await caller.hangUp();
  await untilEnded(caller.dialog.callId, 'answered');
});
