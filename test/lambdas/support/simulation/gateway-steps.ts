import assert from 'node:assert/strict';
import { endHold, hold } from '../../../../lambdas/store/gateway-writes.ts';
import { gatewayOf } from '../../../../lambdas/store/items/gateway-item.ts';
import { freeShardOf, gatewayKey } from '../../../../lambdas/store/keys.ts';
import { endLapsedLock } from '../../../../lambdas/usecases/lapsed-lock.ts';
import { at, type Choice, type Finished, type Process } from './model.ts';
import type { Truth } from './truth.ts';

/* What gateways do. */

const tombstoneMs = 600_000;

export async function register(truth: Truth, { pick, how, lost }: Choice): Promise<void> {
  const process = at(truth.processes, pick);
  process.cseq += 1;
  const expiresSec = 60 + (how % 10) * 60;
  const answer = await registers(truth, process, expiresSec, lost);
  assert.equal(answer.result, 'bindings', `${process.username} refused`);
  assert.ok(answer.result === 'bindings' && answer.lostCallId === undefined);
  truth.noteRegistered(process, expiresSec);
}

export async function refresh(truth: Truth, step: Choice): Promise<void> {
  await register(truth, step);
}

/** A client that takes a new Call-ID for the same contact. */
export async function changeCallId(truth: Truth, step: Choice): Promise<void> {
  const process = at(truth.processes, step.pick);
  if (!truth.isRegistered(process)) return;
  process.registrationId = truth.fresh('reg');
  process.cseq = 0;
  await register(truth, step);
}

export async function restart(truth: Truth, { pick, how, lost }: Choice): Promise<void> {
  const old = at(truth.processes, pick);
  const process = truth.newProcess(old.username);
  truth.processes[truth.processes.indexOf(old)] = process;
  process.cseq = 1;
  const expiresSec = 60 + (how % 10) * 60;
  const { username } = process;
  const answer = await registers(truth, process, expiresSec, lost);
  const held = truth.isOwned(old) ? old.owner?.callId : undefined;
  assert.ok(answer.result === 'bindings' && answer.fresh);
  assert.equal(answer.lostCallId, held, 'the call that the old process held is told lost');
  if (truth.isHeld(old)) Object.assign(process, { state: 'held', expiresAt: old.expiresAt });
  truth.noteRegistered(process, expiresSec);
  if (held !== undefined)
    truth.publish({ type: 'gateway.lost', callId: held, username, cause: 'started anew' });
  truth.leaveCall(old, 'gateway-lost');
}

export async function unregister(truth: Truth, { pick, lost }: Choice): Promise<void> {
  const process = at(truth.processes, pick);
  process.cseq += 1;
  const { username, registrationId, cseq } = process;
  const ask = () => truth.world.unregister({ username, registrationId, cseq });
  const answer = await ask();
  if (lost) assert.deepEqual(await ask(), answer);
  assert.deepEqual(answer, { result: 'bindings', contacts: [], fresh: false });
  // Goodbye is forever: the process exits, the next one has another Call-ID.
  truth.leaveCall(process, 'answered');
  truth.processes[truth.processes.indexOf(process)] = truth.newProcess(username);
}

/** An operator holds a gateway, or releases one that is held. */
export async function holdOrRelease(truth: Truth, { pick }: Choice): Promise<void> {
  const process = at(truth.processes, pick);
  const { table, nowMs, deps } = truth.world;
  const read = async () => gatewayOf(await table.get(gatewayKey(process.username)));
  const seen = await read();
  const gateway = (await endLapsedLock(seen, deps)) ? await read() : seen;
  if (gateway?.registrationId !== process.registrationId) return;
  const shard = freeShardOf(process.username, deps.freeShards);
  const isHeld = process.state === 'held';
  const may = isHeld ? truth.isHeld(process) : truth.canBeGiven(process);
  const { done } = await table.write(isHeld ? endHold(gateway, shard, nowMs) : hold(gateway, nowMs));
  assert.equal(done, may, `${process.username} ${isHeld ? 'is released' : 'is held'}`);
  if (!done) return;
  process.state = isHeld ? 'free' : 'held';
  delete process.owner;
}

export async function lateRefresh(truth: Truth, { pick }: Choice): Promise<void> {
  const recent = truth.finished.filter((one) => truth.world.nowMs < one.overAt + tombstoneMs - 1000);
  const one = recent[pick % Math.max(1, recent.length)];
  if (one === undefined) return;
  one.cseq += 1;
  assert.deepEqual(await registers(truth, one, 60), { result: 'refused', reason: 'call-over' });
}

/** A gateway registers, and once more where the reply is lost. */
export async function registers(truth: Truth, one: Process | Finished, expiresSec: number, lost = false) {
  const { username, registrationId, cseq, contact } = one;
  const contacts = [{ uri: contact, expiresSec }];
  const ask = () => truth.world.register({ username, registrationId, cseq, contacts });
  const answer = await ask();
  if (lost) assert.deepEqual(await ask(), answer);
  return answer;
}
