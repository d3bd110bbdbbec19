import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noStartsYet, noteStart } from '../../../../lambdas/domain/fleet/breaker.ts';
import { decide } from '../../../../lambdas/domain/fleet/decide.ts';
import type { FleetMemory, PoolCounts } from '../../../../lambdas/domain/fleet/types.ts';
import { anyInput, constantTimeline, counts, input, totalOf, tuesdayMs } from './support.ts';

const twoFree = constantTimeline({ unlockedMin: 2, loadMax: 1 });

describe('whatever the pool and the policy, a decision', () => {
  it('never goes above the maximum, nor above the starts that may be under way', async () => {
    await fc.assert(
      fc.property(anyInput, (one) => {
        const { action, count } = decide(one);
        if (action !== 'start') return;
        expect(count).toBeGreaterThan(0);
        expect(totalOf(one.counts) + count).toBeLessThanOrEqual(one.policy.maxGateways);
        expect(one.counts.starting + count).toBeLessThanOrEqual(one.policy.maxStarting);
      }),
      { numRuns: 2000 },
    );
  });

  it('drains free gateways of ours only', async () => {
    await fc.assert(
      fc.property(anyInput, (one) => {
        const { action, count } = decide(one);
        if (action !== 'drain') return;
        expect(count).toBeGreaterThan(0);
        expect(count).toBeLessThanOrEqual(one.counts.free - one.counts.unmanaged);
      }),
      { numRuns: 2000 },
    );
  });

  it('does nothing with a count other than 0', async () => {
    await fc.assert(
      fc.property(anyInput, (one) => {
        const { action, count } = decide(one);
        expect(Number.isInteger(count)).toBe(true);
        expect(action === 'none').toBe(count === 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a pool that is left alone', () => {
  /** Applies decisions, minute by minute, as if each start registered within the minute. */
  function settle(pool: PoolCounts, policy: Parameters<typeof input>[0]['policy'], minutes: number) {
    const actions: string[] = [];
    let now = { ...pool };
    let memory: FleetMemory = {};
    for (let minute = 0; minute < minutes; minute += 1) {
      const nowMs = tuesdayMs + minute * 60_000;
      const decision = decide(
        input({ policy, counts: now, memory, nowMs, demand: { perMinute: [0, 0, 0] } }),
      );
      memory = decision.memory;
      actions.push(decision.action);
      if (decision.action === 'start') now = { ...now, free: now.free + decision.count };
      if (decision.action === 'drain') now = { ...now, free: now.free - decision.count };
    }
    return { actions, pool: now };
  }

  it('comes to rest and does not saw: it starts or it drains, and then does nothing', async () => {
    await fc.assert(
      fc.property(anyInput, ({ policy, counts: { free, locked, busy } }) => {
        const unhindered = { ...policy, maxStarting: policy.maxGateways };
        const { actions } = settle(counts({ free, locked, busy }), unhindered, 30);
        const acts = new Set(actions.filter((action) => action !== 'none'));
        expect(acts.size).toBeLessThanOrEqual(1);
        expect(actions.slice(-5)).toEqual(new Array(5).fill('none'));
      }),
      { numRuns: 300 },
    );
  });

  it('is back at its minimum within two minutes of the last call', () => {
    expect(settle(counts({ free: 40 }), twoFree, 3).pool.free).toBe(2);
  });
});

describe('starts', () => {
  it('count as capacity to come', () => {
    expect(decide(input({ policy: twoFree, counts: counts({ starting: 2 }) }))).toMatchObject({
      action: 'none',
      reason: { rule: 'enough', ready: 2, level: 2 },
    });
  });

  it('are asked for one more for each call that waits', () => {
    const decision = decide(input({ policy: twoFree, counts: counts({ busy: 1, starting: 2 }), waiting: 3 }));
    expect(decision).toMatchObject({ action: 'start', count: 3, reason: { rule: 'short', short: 3 } });
  });

  it('stop at the maximum, with a warning', () => {
    const decision = decide(
      input({ policy: twoFree, counts: counts({ busy: 58, draining: 1 }), waiting: 5 }),
    );
    expect(decision).toMatchObject({
      action: 'start',
      count: 1,
      reason: { limit: 'maximum' },
      warning: 'at-maximum',
    });
    const full = decide(input({ policy: twoFree, counts: counts({ busy: 60 }), waiting: 5 }));
    expect(full).toMatchObject({ action: 'none', reason: { rule: 'full', short: 7 }, warning: 'at-maximum' });
  });

  it('stop at as many as may be under way', () => {
    const policy = constantTimeline({ unlockedMin: 30, loadMax: 1 }, { maxStarting: 10 });
    expect(decide(input({ policy, counts: counts({ starting: 4 }) }))).toMatchObject({
      count: 6,
      reason: { limit: 'starts-in-flight' },
    });
    expect(decide(input({ policy, counts: counts({ starting: 10 }) }))).toMatchObject({
      action: 'none',
      reason: { rule: 'full', limit: 'starts-in-flight' },
    });
  });
});

describe('free gateways that others started', () => {
  const pool = { free: 30, unmanaged: 30, busy: 59 };

  it('serve calls, and leave the maximum to ours', () => {
    expect(decide(input({ policy: twoFree, counts: counts(pool) })).action).toBe('none');
    const decision = decide(input({ policy: twoFree, counts: counts(pool), waiting: 40 }));
    expect(decision).toMatchObject({ action: 'start', count: 1, reason: { short: 12, limit: 'maximum' } });
  });

  it('are no surplus of ours', () => {
    const memory = { surplusSince: tuesdayMs - 600_000, surplusMin: 30 };
    expect(decide(input({ policy: twoFree, counts: counts(pool), memory })).action).toBe('none');
    const some = counts({ ...pool, free: 31 });
    expect(decide(input({ policy: twoFree, counts: some, memory }))).toMatchObject({
      action: 'drain',
      count: 1,
    });
  });
});

describe('a surplus', () => {
  const surplusOf = (free: number, memory: FleetMemory, atSec: number) =>
    decide(input({ policy: twoFree, counts: counts({ free }), memory, nowMs: tuesdayMs + atSec * 1000 }));

  it('is drained only when it has lasted, and only as much of it as was there all the time', () => {
    const first = surplusOf(10, {}, 0);
    expect(first).toMatchObject({ action: 'none', reason: { rule: 'surplus-young', surplus: 8 } });
    const second = surplusOf(5, first.memory, 30);
    expect(second.action).toBe('none');
    expect(surplusOf(9, second.memory, 60)).toMatchObject({ action: 'drain', count: 3 });
  });

  it('begins anew when it was gone in between', () => {
    const gone = surplusOf(2, surplusOf(10, {}, 0).memory, 30);
    expect(gone.memory).toEqual({});
    expect(surplusOf(10, gone.memory, 61).action).toBe('none');
  });
});

describe('when starts fail', () => {
  const breaker = { failures: 3, pauseSec: 60, maxPauseSec: 600 };
  const policy = constantTimeline({ unlockedMin: 5, loadMax: 1 }, { breaker });
  const fail = (times: readonly number[]) =>
    times.reduce((starts, atSec) => noteStart(starts, 'failed', atSec * 1000, breaker), noStartsYet);
  const at = (atSec: number, recentStarts = noStartsYet, starting = 0) =>
    decide(input({ policy, recentStarts, nowMs: atSec * 1000, counts: counts({ starting }) }));

  it('it goes on below the limit', () => {
    expect(at(3, fail([1, 2]))).toMatchObject({ action: 'start', count: 5 });
  });

  it('it stops at the limit, says so and says when it will try again', () => {
    expect(at(10, fail([1, 2, 3]))).toMatchObject({
      action: 'none',
      warning: 'starts-failing',
      retryAt: 63_000,
      reason: { rule: 'breaker-open', failures: 3, short: 5 },
    });
  });

  it('it tries one after the pause, and no second beside it', () => {
    expect(at(63, fail([1, 2, 3]))).toMatchObject({ action: 'start', count: 1, warning: 'starts-failing' });
    expect(at(64, fail([1, 2, 3]), 1)).toMatchObject({ action: 'none', reason: { rule: 'breaker-waits' } });
  });

  it('pauses grow with each failed trial, up to a limit', () => {
    expect(at(100, fail([1, 2, 3, 70])).retryAt).toBe((70 + 120) * 1000);
    expect(at(200, fail([1, 2, 3, 70, 190])).retryAt).toBe((190 + 240) * 1000);
    expect(at(200, fail([1, 2, 3, 100, 300, 1000, 3000, 9000])).retryAt).toBe((9000 + 600) * 1000);
  });

  it('starts of before, failing late, prolong nothing', () => {
    expect(at(10, fail([1, 2, 3, 4, 5, 6])).retryAt).toBe(63_000);
  });

  it('one that registers closes it', () => {
    expect(at(10, noteStart(fail([1, 2, 3]), 'registered', 5000, breaker))).toMatchObject({
      action: 'start',
      count: 5,
    });
  });

  it('a full pool is told as full', () => {
    const full = decide(
      input({ policy, recentStarts: fail([1, 2, 3]), nowMs: 10_000, counts: counts({ busy: 60 }) }),
    );
    expect(full).toMatchObject({ reason: { rule: 'full' }, warning: 'at-maximum' });
  });
});
