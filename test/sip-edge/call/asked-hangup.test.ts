import { expect, it } from 'vitest';
import { putHangup } from '../../../lambdas/store/call-writes.ts';
import { callFrom } from '../../../lambdas/store/items/call-item.ts';
import { TableSuite } from './support/table-suite.ts';

const suite = new TableSuite();

it('a call that an operator wants ended is hung up on both sides, and told as ended by one', async () => {
  const scene = await suite.open({ gateways: 1 });
  const { callId } = await scene.establish();
  await scene.world.settled();
  const { table } = scene.world;
  const item = await table.call(callId);
  if (item === undefined) throw new Error('no record of the call');
  await table.table.write(putHangup(callFrom(item), scene.gateway.name, table.nowMs, 'operator'));
  for (const side of [scene.caller, scene.gateway]) {
    const bye = await side.incoming('BYE');
    expect(bye.header('reason')).toContain('ended by an operator');
    bye.reply(200);
  }
  await scene.expectEnd({ type: 'call.ended', outcome: 'answered', by: 'operator', callId });
  expect(await table.call(callId)).toMatchObject({ outcome: 'answered', endedBy: 'operator' });
});
