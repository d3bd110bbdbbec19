import { beforeEach, describe, expect, it } from 'vitest';
import { useTestTable } from '../../support/use-test-table.ts';
import { gw, oneGateway } from '../support/one-gateway.ts';
import { managed, type World } from '../support/world.ts';

const engine = useTestTable();
let world: World;
beforeEach(async () => {
  world = await oneGateway(engine);
});

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
});
