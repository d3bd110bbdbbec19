import { describe, expect, it } from 'vitest';
import { listEdgeCalls } from '../../../lambdas/functions/calls/list-edge-calls.ts';
import { gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';

useWorld(oneGateway);

describe('listEdgeCalls', () => {
  it('tells an edge the open calls it holds, with their dialogs', async () => {
    for (let n = 2; n <= 4; n += 1) await world.register({ username: managed(n) });
    await world.grant({ callId: 'call-1', callerDialogId: 'call-1-a', gateway: gw });
    await world.grant({ callId: 'call-2', gateway: managed(2) });
    await world.grant({ callId: 'call-3', gateway: managed(3) });
    await world.grant({ callId: 'call-4', gateway: managed(4), edgeId: 'edge-2' });
    await world.say(world.answered('call-2', managed(2)));
    await world.say(world.ended('call-3', gw));
    const { calls } = await world.edgeCalls();
    expect(calls.sort((a, b) => (a.callId < b.callId ? -1 : 1))).toEqual([
      { callId: 'call-1', state: 'offered', gateway: gw, offeredAt: world.nowMs, callerDialogId: 'call-1-a' },
      {
        callId: 'call-2',
        state: 'answered',
        gateway: managed(2),
        offeredAt: world.nowMs,
        callerDialogId: 'call-2-a',
        gatewayDialogId: 'call-2-b',
      },
    ]);
    expect((await world.edgeCalls('edge-2')).calls).toHaveLength(1);
    expect((await world.edgeCalls('edge-3')).calls).toEqual([]);
  });

  it('goes on where a page ended, so that none is dropped', async () => {
    const held = [1, 2, 3, 4, 5];
    for (const n of held) {
      await world.register({ username: managed(n) });
      await world.grant({ callId: `call-${n}`, gateway: managed(n) });
    }
    await world.say(world.answered('call-3', managed(3)));
    const found: string[] = [];
    let after: string | undefined;
    do {
      const command = { command: 'listEdgeCalls', edgeId: 'edge-1', leaseSec: 45, generation: 1 } as const;
      const page = await listEdgeCalls({ ...command, ...(after && { after }) }, world.deps, 2);
      expect(page.calls.length).toBeLessThanOrEqual(2);
      found.push(...page.calls.map(({ callId }) => callId));
      after = page.next;
    } while (after !== undefined);
    expect(found.sort()).toEqual(held.map((n) => `call-${n}`));
  });
});
