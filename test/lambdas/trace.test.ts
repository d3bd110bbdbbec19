import { expect, it } from 'vitest';
import type { CallDetail } from '../../contracts/api/views.ts';
import { pathIdOf } from '../../lambdas/domain/views.ts';
import { get } from './support/api.ts';
import { useWorld, world } from './support/use-world.ts';
import { managed } from './support/world.ts';

useWorld();

const traceId = '1-67e00000-0123456789abcdef01234567';
const shown = async (callId: string) =>
  (await get<CallDetail>(`/calls/${pathIdOf({ callId, traceId })}`)).traceId;

it('the record of a call has its trace id, and gives it to an application that takes the call over', async () => {
  await world.register({ username: managed(1) });
  await world.grant({ callId: 'call-1', traceId });
  expect(await shown('call-1')).toBe(traceId);
  const { calls } = await world.edgeCalls();
  expect(calls).toMatchObject([{ callId: 'call-1', traceId }]);
});

it('a call that waits keeps it until it is offered to a gateway', async () => {
  await world.pool();
  expect(await world.allocate({ callId: 'call-1', traceId })).toMatchObject({ result: 'waiting' });
  expect(await shown('call-1')).toBe(traceId);
  await world.register({ username: managed(1) });
  expect(await world.edgeCalls()).toMatchObject({ calls: [{ state: 'offered', traceId }] });
});

it('a record that a fact begins has it from the fact', async () => {
  await world.say({ type: 'call.failed', callId: 'call-1', traceId, outcome: 'gateway-failed', failed: [] });
  expect(await shown('call-1')).toBe(traceId);
});
