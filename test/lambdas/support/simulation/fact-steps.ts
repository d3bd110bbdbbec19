import type { Fact } from '../../../../contracts/facts.ts';
import type { Choice } from './model.ts';
import type { Truth } from './truth.ts';

/* What the bus does, and time. */

const staleOfferMs = 120_000;
const leaseSec = 600;

export async function deliver(truth: Truth, { pick }: Pick<Choice, 'pick'>): Promise<void> {
  if (truth.undelivered.length === 0) return;
  const [fact] = truth.undelivered.splice(pick % truth.undelivered.length, 1) as [Fact];
  await tell(truth, fact);
}

export async function deliverTwice(truth: Truth, { pick }: Choice): Promise<void> {
  const fact = truth.delivered[pick % Math.max(1, truth.delivered.length)];
  if (fact !== undefined) await tell(truth, fact);
}

export async function pass(truth: Truth, { how }: Choice): Promise<void> {
  truth.world.nowMs += [1, 137, 5_000, 30_500, 61_000, 121_000][how % 6] as number;
}

export async function sweep(truth: Truth): Promise<void> {
  const { nowMs } = truth.world;
  const leaseUntil = nowMs + leaseSec * 1000;
  const { edge } = truth;
  if (edge === undefined) await forgetWhatLapsed(truth);
  // Written again after a third of it.
  if (edge === undefined || edge.leaseUntil <= nowMs) truth.edge = { begunAt: nowMs, leaseUntil };
  else if (edge.leaseUntil - nowMs <= (leaseSec * 1000 * 2) / 3) truth.edge = { ...edge, leaseUntil };
  await truth.world.hangups('edge-1', { leaseSec });
  await truth.world.sweep();
  if ((truth.edge?.begunAt ?? nowMs) > nowMs - staleOfferMs) return;
  for (const call of truth.calls) {
    const grant = truth.lastGrant(call);
    if (grant === undefined || call.closed || call.confirmed) continue;
    if (grant.lockedUntil >= nowMs - staleOfferMs) continue;
    truth.release(call, 'free');
    call.closed = true;
  }
}

/** Before its edge is known a lock that is over is nobody's, and may be gone: to know the edge brings none back. */
async function forgetWhatLapsed({ processes, world }: Truth): Promise<void> {
  for (const process of processes) {
    if (process.owner === undefined || process.owner.until >= world.nowMs) continue;
    const gateway = await world.gateway(process.username);
    if (gateway?.lockedBy !== process.owner.callId) delete process.owner;
  }
}

export async function rushOfFacts(truth: Truth, { pick }: Choice): Promise<void> {
  const some = truth.undelivered.splice(pick % Math.max(1, truth.undelivered.length), 3);
  // Only of different calls: what two facts of one call do at once is shown where the order is.
  const first = some.filter((fact, i) => some.findIndex((one) => callIdOf(one) === callIdOf(fact)) === i);
  truth.undelivered.push(...some.filter((fact) => !first.includes(fact)));
  const notes = await Promise.all(first.map((fact) => foresee(truth, fact)));
  await Promise.all(first.map((fact) => truth.world.say(fact)));
  for (const note of notes) note();
}

async function tell(truth: Truth, fact: Fact): Promise<void> {
  const note = await foresee(truth, fact);
  await truth.world.say(fact);
  note();
  truth.delivered.push(fact);
}

/** What a fact will do, judged from before it arrives. */
async function foresee(truth: Truth, fact: Fact): Promise<() => void> {
  const call = truth.calls.find((one) => one.callId === callIdOf(fact));
  if (call === undefined) throw new Error('no such call');
  const grant = truth.lastGrant(call);
  const atHand = grant && (await truth.world.gateway(grant.username)) !== undefined;
  if (fact.type === 'call.answered') {
    return () => {
      if (call.closed) return;
      call.confirmed = true;
      call.closed = grant !== undefined && call.lost.has(grant.username);
      if (call.closed) return;
      const process = grant && truth.processOf(grant);
      if (process === undefined || truth.isLockedForOther(process, call) || !atHand) return;
      const owns = process.owner?.callId === call.callId;
      const mayClaim = process.registrationId === grant?.registrationId && process.state !== 'silent';
      if (!owns && !mayClaim) return;
      process.state = 'owned';
      process.owner = { callId: call.callId, until: Number.POSITIVE_INFINITY };
    };
  }
  const { afterCall } = truth.world.deps;
  if (fact.type === 'gateway.lost') {
    return () => {
      call.lost.add(fact.username);
      if (call.confirmed && grant?.username === fact.username) call.closed = true;
    };
  }
  return () => {
    const lost = fact.type === 'call.ended' && fact.outcome === 'gateway-lost';
    const after = fact.type === 'call.ended' || (fact.type === 'call.cancelled' && fact.gatewayAnswered);
    if (lost) truth.release(call, afterCall === 'stop' ? 'over' : 'silent', atHand);
    else if (after) truth.release(call, afterCall === 'stop' ? 'over' : 'free', atHand);
    else if (fact.type === 'call.failed') {
      const owned = fact.gateway ?? grant?.username;
      const silent = fact.failed.findLast((one) => one.username === owned)?.cause === 'silent';
      truth.release(call, silent ? 'silent' : 'free');
    } else truth.release(call, 'free');
    call.closed = true;
  };
}

function callIdOf(fact: Fact): string | undefined {
  return 'callId' in fact ? fact.callId : undefined;
}
