import assert from 'node:assert/strict';
import type { World } from '../world.ts';
import { check, tableGateways } from './agreement.ts';
import { answer, askAgain, call, cancel, end, failAttempt, giveUp, rush } from './call-steps.ts';
import { deliver, deliverTwice, pass, rushOfFacts, sweep } from './fact-steps.ts';
import {
  changeCallId,
  holdOrRelease,
  lateRefresh,
  refresh,
  register,
  restart,
  unregister,
} from './gateway-steps.ts';
import type { Choice } from './model.ts';
import { Truth } from './truth.ts';

/*
 * Gateways, callers and an edge that live against the real functions and the real table, with the knowledge that
 * none of them has: who owns which gateway, until when. After each step the table must agree with that knowledge.
 */

const steps = {
  register,
  refresh,
  changeCallId,
  restart,
  unregister,
  holdOrRelease,
  lateRefresh,
  call,
  askAgain,
  failAttempt,
  answer,
  end,
  cancel,
  giveUp,
  deliver,
  deliverTwice,
  pass,
  sweep,
  rush,
  rushOfFacts,
};
type Kind = keyof typeof steps;
export const kinds = Object.keys(steps) as Kind[];

export interface Step extends Choice {
  kind: Kind;
}

export class Simulation {
  readonly #truth: Truth;

  constructor(world: World, gateways: number) {
    this.#truth = new Truth(world, gateways);
  }

  async take({ kind, ...choice }: Step): Promise<void> {
    await steps[kind](this.#truth, choice);
    await check(this.#truth);
  }

  /** The edge ends all calls, every fact arrives: nothing may stay locked. */
  async finish(): Promise<void> {
    const truth = this.#truth;
    for (const call of truth.calls) if (call.phase !== 'over') truth.edgeEnds(call);
    while (truth.undelivered.length > 0) await deliver(truth, { pick: truth.undelivered.length * 7 });
    await check(truth);
    for (const gateway of await tableGateways(truth)) {
      assert.ok(!['locked', 'busy'].includes(gateway.state), `${gateway.username} stays ${gateway.state}`);
      assert.equal(gateway.lockedBy, undefined);
    }
    for (const call of truth.calls) {
      const record = await truth.world.call(call.callId);
      assert.ok(record === undefined || record.state === 'ended', `call ${call.callId} stays open`);
    }
  }
}
