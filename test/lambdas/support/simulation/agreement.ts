import assert from 'node:assert/strict';
import type { Gateway } from '../../../../lambdas/domain/gateway/gateway.ts';
import type { Item } from '../../../../lambdas/store/attributes.ts';
import type { Truth } from './truth.ts';

/** The table must know what we know: who owns which gateway, and nothing else. */
export async function check(truth: Truth): Promise<void> {
  const items = new Map((await tableGateways(truth)).map((one) => [one.username, one]));
  for (const process of truth.processes) {
    const item = items.get(process.username);
    const what = `${process.username} in the table: ${JSON.stringify(item)}; in truth: ${JSON.stringify(process)}`;
    if (truth.isOwned(process)) {
      assert.equal(item?.lockedBy, process.owner?.callId, `a lock is lost. ${what}`);
      const busy = process.owner?.until === Number.POSITIVE_INFINITY;
      assert.equal(item?.state, busy ? 'busy' : 'locked', what);
      if (!busy) assert.equal(item?.lockedUntil, process.owner?.until, what);
    } else if (item !== undefined && item.registrationId === process.registrationId) {
      const locked =
        item.state === 'busy' || (item.state === 'locked' && !(Number(item.lockedUntil) < truth.world.nowMs));
      assert.ok(!locked, `a lock nobody owns. ${what}`);
      if (truth.isRegistered(process)) {
        assert.equal(item.state === 'silent', process.state === 'silent', what);
        assert.equal(item.state === 'held', process.state === 'held', what);
      }
    }
    const inPool = item?.freeShard !== undefined;
    if (inPool) assert.ok(item?.state === 'free' || item?.state === 'locked', what);
    if (truth.canBeGiven(process)) {
      assert.ok(inPool, `a free gateway is not in the pool. ${what}`);
    }
  }
}

export async function tableGateways(truth: Truth): Promise<(Gateway & Item)[]> {
  const { items } = await truth.world.table.scan(() => 'attribute_exists(contactUris)');
  return items as (Gateway & Item)[];
}
