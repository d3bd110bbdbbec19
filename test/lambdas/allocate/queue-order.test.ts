import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AttemptFailure } from '../../../contracts/commands.ts';
import type { Call } from '../../../lambdas/domain/call/call.ts';
import { byTurn, isAsking, mayGet } from '../../../lambdas/domain/call/waiting.ts';
import type { Gateway } from '../../../lambdas/domain/gateway/gateway.ts';
import { startsWith } from '../../../lambdas/store/conditions.ts';
import { callKeyPrefix } from '../../../lambdas/store/keys.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { managed, World } from '../support/world.ts';

/*
 * Calls that come, wait, ask, give up, are rejected and end, one after the other and all at once, over three gateways
 * that are used again. After each step: who got a gateway was the first that might have it.
 */

const engine = useTestTable();

/** `PROPERTY_RUNS=300 npx vitest run test/lambdas/allocate/queue-order.test.ts` looks longer. */
const numRuns = Number(process.env.PROPERTY_RUNS ?? 15);

const kinds = ['call', 'ask', 'askAll', 'cancel', 'reject', 'end', 'rush', 'pass'] as const;
const step = fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(1000), how: fc.nat(1000) });
type Step = { kind: (typeof kinds)[number]; pick: number; how: number };

/** Fewer than an allocation takes without looking at the queue. */
const gateways = [1, 2, 3].map(managed);
const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }];

class Story {
  readonly world: World;
  #serial = 0;
  readonly #failed = new Map<string, AttemptFailure[]>();
  waits = 0;

  constructor(world: World) {
    this.world = world;
  }

  async begin(registered: number): Promise<void> {
    await this.world.pool();
    for (const username of gateways.slice(0, registered)) await this.world.register({ username, contacts });
  }

  async take({ kind, pick, how }: Step): Promise<void> {
    const before = await this.calls();
    const waiting = before.filter((one) => one.state === 'waiting').sort(byTurn);
    const offered = before.filter((one) => one.state === 'offered');
    const oneOf = (calls: Call[]) => calls[pick % Math.max(1, calls.length)];
    this.world.nowMs += 1;
    switch (kind) {
      case 'call':
        await this.ask(this.newCall());
        break;
      case 'ask':
        await this.ask(oneOf(waiting)?.callId);
        break;
      case 'askAll':
        await Promise.all(waiting.map(({ callId }) => this.ask(callId)));
        break;
      case 'cancel':
        await this.cancel(oneOf(waiting));
        break;
      case 'reject':
        await this.reject(oneOf(offered));
        break;
      case 'end':
        await this.cancel(oneOf(offered));
        break;
      case 'rush':
        await Promise.all([
          ...Array.from({ length: how % 4 }, () => this.ask(this.newCall())),
          ...waiting.map(({ callId }) => this.ask(callId)),
          this.cancel(oneOf(offered)),
          this.reject(offered[(pick + 1) % Math.max(1, offered.length)]),
          ...gateways
            .slice(0, how % 3)
            .map((username) => this.world.register({ username, contacts, cseq: how + 2 })),
        ]);
        break;
      case 'pass':
        this.world.pass(1 + (how % 3));
        for (const { callId } of waiting) await this.ask(callId);
        await this.world.pool();
    }
    await this.check(before);
  }

  /** Everybody asks on: no gateway stays free for which somebody waits. */
  async finish(): Promise<void> {
    for (let second = 0; second < 4; second += 1) {
      this.world.pass(1);
      for (const { callId, state } of await this.calls()) if (state === 'waiting') await this.ask(callId);
    }
    const waiting = (await this.calls()).filter((one) => one.state === 'waiting');
    for (const gateway of await this.gateways()) {
      const wanted = waiting.find((call) => mayGet(call, gateway.username));
      assert.ok(gateway.state !== 'free' || !wanted, `${gateway.username} is free, ${wanted?.callId} waits`);
    }
  }

  private newCall(): string {
    this.#serial += 1;
    return `call-${String(this.#serial).padStart(4, '0')}`;
  }

  private async ask(callId: string | undefined): Promise<void> {
    if (callId === undefined) return;
    const failed = this.#failed.get(callId) ?? [];
    const answer = await this.world.allocate({ callId, attempt: failed.length + 1, failed });
    if (answer.result === 'waiting') this.waits += 1;
  }

  private async cancel(call: Call | undefined): Promise<void> {
    if (call === undefined) return;
    const { callId, gateway } = call;
    await this.world.say({
      type: 'call.cancelled',
      callId,
      gatewayAnswered: false,
      ...(gateway && { gateway }),
    });
  }

  /** Its gateway is let go without anybody to give it to, and the call asks for another. */
  private async reject(call: Call | undefined): Promise<void> {
    if (call?.gateway === undefined || call.attempt >= 3) return;
    const failed = [
      ...(this.#failed.get(call.callId) ?? []),
      { username: call.gateway, cause: 'rejected' as const },
    ];
    this.#failed.set(call.callId, failed);
    await this.ask(call.callId);
  }

  /** Nobody got a gateway before another that waited longer, still waits, and might have had it. */
  private async check(before: readonly Call[]): Promise<void> {
    const after = await this.calls();
    const owners = (await this.gateways()).flatMap((one) => (one.state === 'locked' ? [one.lockedBy] : []));
    assert.equal(new Set(owners).size, owners.length, 'a call has two gateways');
    const was = new Map(before.map((call) => [call.callId, call]));
    const passedOver = after.filter(
      (call) => isAsking(call, this.world.nowMs) && was.get(call.callId)?.state === 'waiting',
    );
    for (const call of after) {
      const last = was.get(call.callId);
      const isServed =
        call.state === 'offered' && (last?.state !== 'offered' || last.attempt !== call.attempt);
      if (!isServed || call.gateway === undefined) continue;
      const turn = { ...call, waitingSince: call.waitingSince ?? Number.POSITIVE_INFINITY };
      const sooner = passedOver.find((one) => byTurn(one, turn) < 0 && mayGet(one, call.gateway as string));
      assert.equal(sooner?.callId, undefined, `${call.callId} got ${call.gateway} before ${sooner?.callId}`);
    }
  }

  private async calls(): Promise<Call[]> {
    const { items } = await this.world.table.scan(startsWith('pk', callKeyPrefix));
    return items as unknown as Call[];
  }

  private async gateways(): Promise<Gateway[]> {
    const { items } = await this.world.table.scan(() => 'attribute_exists(contactUris)');
    return items as unknown as Gateway[];
  }
}

it('first come, first served, whatever happens at once', async () => {
  let waits = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
      async (registered, steps) => {
        const story = new Story(new World(engine.client, await engine.createTable(), { afterCall: 'reuse' }));
        await story.begin(registered);
        for (const one of steps) await story.take(one);
        await story.finish();
        waits += story.waits;
      },
    ),
    { numRuns, interruptAfterTimeLimit: 100_000, markInterruptAsFailure: false },
  );
  expect(waits).toBeGreaterThan(numRuns);
});
