import assert from 'node:assert/strict';
import type { AllocateAnswer } from '../../../../contracts/commands.ts';
import { registers } from './gateway-steps.ts';
import type { CallModel, Choice } from './model.ts';
import type { Truth } from './truth.ts';

/* What callers and their edge do. */

export async function call(truth: Truth, { lost }: Choice): Promise<void> {
  await ask(truth, truth.newCall(), lost);
}

/** The edge asks again after a lost reply; or a request that was long under way arrives after all. */
export async function askAgain(truth: Truth, { pick, lost }: Choice): Promise<void> {
  const call = truth.calls[pick % Math.max(1, truth.calls.length)];
  if (call !== undefined) await ask(truth, call, lost);
}

export async function failAttempt(truth: Truth, { pick, how, lost }: Choice): Promise<void> {
  const call = truth.pickCall(pick, 'offered');
  const grant = call && truth.lastGrant(call);
  if (call === undefined || grant === undefined || call.attempt >= 3) return;
  call.failed = [...call.failed, { username: grant.username, cause: how % 2 === 0 ? 'rejected' : 'silent' }];
  call.attempt += 1;
  call.phase = 'asking';
  await ask(truth, call, lost);
}

export async function answer(truth: Truth, { pick }: Choice): Promise<void> {
  const call = truth.pickCall(pick, 'offered');
  const grant = call && truth.lastGrant(call);
  const process = grant && truth.processOf(grant);
  // One gateway takes one call: a second one would be rejected.
  if (call === undefined || process === undefined || process.inCall !== undefined) return;
  process.inCall = call.callId;
  call.phase = 'answered';
  truth.publish({
    type: 'call.answered',
    callId: call.callId,
    gateway: process.username,
    receivedAt: truth.world.nowMs,
    callerDialogId: `${call.callId}-a`,
    gatewayDialogId: `${call.callId}-b`,
  });
}

export async function end(truth: Truth, { pick }: Choice): Promise<void> {
  const call = truth.pickCall(pick, 'answered');
  if (call !== undefined) truth.edgeEnds(call);
}

/** The caller gives up: while the edge still asks, while it rings, or as the gateway answers. */
export async function cancel(truth: Truth, { pick, how }: Choice): Promise<void> {
  const call = truth.pickCall(pick, 'offered') ?? truth.pickCall(pick, 'asking');
  if (call === undefined) return;
  const grant = call.phase === 'offered' ? truth.lastGrant(call) : undefined;
  const process = grant && truth.processOf(grant);
  const gatewayAnswered = how % 2 === 0 && process !== undefined && process.inCall === undefined;
  call.phase = 'over';
  truth.publish({
    type: 'call.cancelled',
    callId: call.callId,
    gatewayAnswered,
    ...(grant && { gateway: grant.username }),
  });
}

export async function giveUp(truth: Truth, { pick, how }: Choice): Promise<void> {
  const call = truth.pickCall(pick, 'offered') ?? truth.pickCall(pick, 'asking');
  if (call === undefined) return;
  const grant = call.phase === 'offered' ? truth.lastGrant(call) : undefined;
  const cause = how % 2 === 0 ? ('rejected' as const) : ('silent' as const);
  const failed = grant ? [...call.failed, { username: grant.username, cause }] : call.failed;
  call.phase = 'over';
  const { callId } = call;
  truth.publish({
    type: 'call.failed',
    callId,
    outcome: 'gateway-failed',
    failed,
    ...(grant && { gateway: grant.username }),
  });
}

/** Callers, repetitions and refreshes at the very same moment. */
export async function rush(truth: Truth, { how, pick }: Choice): Promise<void> {
  const calls = Array.from({ length: 2 + (how % 5) }, () => truth.newCall());
  const refreshing = truth.processes.filter((one, i) => truth.isRegistered(one) && (i + pick) % 2 === 0);
  for (const one of refreshing) one.cseq += 1;
  const free = truth.processes.filter((one) => truth.canBeGiven(one)).length;
  const asked = [...calls, ...calls.slice(0, 2)];
  const [answers] = await Promise.all([
    Promise.all(asked.map((call) => truth.world.allocate(truth.command(call)))),
    Promise.all(refreshing.map((one) => registers(truth, one, 300))),
  ]);
  for (const one of refreshing) truth.noteRegistered(one, 300);
  for (const [i, answer] of answers.entries()) noteAnswer(truth, asked[i] as CallModel, answer, false);
  const granted = calls.filter((call) => call.phase === 'offered').length;
  assert.ok(granted >= Math.min(free, calls.length), `${granted} of ${calls.length}, ${free} were free`);
}

async function ask(truth: Truth, call: CallModel, lost: boolean): Promise<void> {
  const command = truth.command(call);
  const free = truth.processes.filter((one) => truth.canBeGiven(one, command, call));
  const answer = await truth.world.allocate(command);
  const again = call.closed || call.grants.has(call.attempt);
  noteAnswer(truth, call, answer, lost);
  // The record of a call that is over tells its outcome; only the pool tells a cause.
  if (answer.result === 'refused' && answer.cause !== undefined) {
    assert.ok(!again, 'a settled attempt is not answered from the pool');
    assert.deepEqual(free, [], 'refused while a gateway is free');
    if (call.phase === 'asking') call.phase = 'over';
    truth.publish({
      type: 'call.failed',
      callId: call.callId,
      outcome: answer.outcome,
      failed: call.failed,
    });
  }
  if (lost) noteAnswer(truth, call, await truth.world.allocate(command), false);
}

function noteAnswer(truth: Truth, call: CallModel, answer: AllocateAnswer, lost: boolean): void {
  const before = call.grants.get(call.attempt);
  if (answer.result !== 'granted') return;
  assert.ok(!call.closed, 'a call that is over is granted nothing');
  if (call.phase === 'asking' && !lost) call.phase = 'offered';
  if (before !== undefined) {
    const { registrationId: _, ...sameAsBefore } = before;
    assert.deepEqual(answer, sameAsBefore, 'the same attempt always gets the same gateway');
    const promised = truth.processOf(before);
    assert.ok(answer.lockedUntil >= truth.world.nowMs, 'a lapsed lock is promised again');
    assert.ok(promised === undefined || !truth.isOwnedByOther(promised, call), 'promised what another owns');
    return;
  }
  const process = truth.processes.find((one) => one.username === answer.username);
  assert.ok(process && truth.isRegistered(process), `${answer.username} is not registered`);
  assert.equal(answer.contact, process.contact);
  assert.ok(
    !truth.isOwned(process),
    `${answer.username} has two owners: ${process.owner?.callId}, ${call.callId}`,
  );
  assert.notEqual(process.state, 'silent', `${answer.username} is silent`);
  assert.ok(!call.failed.some((one) => one.username === answer.username), 'a gateway that failed this call');
  assert.equal(answer.lockedUntil, truth.world.nowMs + truth.world.leaseMs);
  const last = call.failed.at(-1);
  if (last !== undefined) truth.release(call, last.cause === 'silent' ? 'silent' : 'free');
  process.state = 'owned';
  process.owner = { callId: call.callId, until: answer.lockedUntil };
  call.grants.set(call.attempt, { ...answer, registrationId: process.registrationId });
}
