import { expect, it } from 'vitest';
import { stateOf } from '../../../lambdas/domain/fleet/fleet-pool.ts';
import { openTable, type Table } from '../../../lambdas/store/table.ts';
import { releaseLease, renewLease, takeLease } from '../../../lambdas/usecases/fleet-lease.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { clientThatLoses } from '../support/lost-replies.ts';

const engine = useTestTable();

const leaseMs = 20_000;
const nowMs = 1_800_000_000_000;

/** A table of which the replies to these writes, counted from 0, are lost. */
async function tableThatLoses(...lost: number[]): Promise<{ lossy: Table; sound: Table }> {
  const name = await engine.createTable();
  const client = clientThatLoses(
    engine.endpoint,
    (command, before) => command === 'UpdateItemCommand' && lost.includes(before),
  );
  return { lossy: openTable(client, name), sound: openTable(engine.client, name) };
}

it('knows its own lease where the reply to taking it was lost', async () => {
  const { lossy, sound } = await tableThatLoses(0);
  expect(await takeLease(lossy, 'run-1', leaseMs, () => nowMs)).toBeDefined();
  expect(await takeLease(sound, 'run-2', leaseMs, () => nowMs + 1)).toBeUndefined();
  expect(await releaseLease(lossy, 'run-1', stateOf({}, 10), nowMs + 2, true)).toBe('released');
  expect(await takeLease(sound, 'run-3', leaseMs, () => nowMs + 3)).toBeDefined();
});

it('keeps the word that another left while the reply was on its way', async () => {
  const { lossy, sound } = await tableThatLoses(0);
  await takeLease(lossy, 'run-1', leaseMs, () => nowMs);
  await takeLease(sound, 'run-2', leaseMs, () => nowMs + 1);
  expect(await releaseLease(lossy, 'run-1', stateOf({}, 10), nowMs + 2, false)).toBe('dirty');
});

it('leaves nobody waiting where the reply to renewing it or to giving it back was lost', async () => {
  const { lossy, sound } = await tableThatLoses(1, 3);
  await takeLease(lossy, 'run-1', leaseMs, () => nowMs);
  expect(await renewLease(lossy, 'run-1', leaseMs, nowMs + 1)).toBeDefined();
  await releaseLease(lossy, 'run-1', stateOf({}, 10), nowMs + 2, false);
  expect(await takeLease(sound, 'run-2', leaseMs, () => nowMs + 3)).toBeDefined();
});
