import type { Table } from '../../../lambdas/store/table.ts';
import type { World } from './world.ts';

/**
 * A second world on the same table, in which `meanwhile` happens right before the n-th write.
 * @param nth counts writes and transactions from 1
 */
export function overtakenIn(world: World, meanwhile: () => Promise<unknown>, nth = 1): World {
  const slow = world.beside();
  let writes = 0;
  const before = async () => {
    writes += 1;
    if (writes === nth) await meanwhile();
  };
  const { write, transact } = slow.table;
  const table: Pick<Table, 'write' | 'transact'> = {
    write: async (one) => {
      await before();
      return write(one);
    },
    transact: async (all) => {
      await before();
      return transact(all);
    },
  };
  Object.assign(slow.table, table);
  return slow;
}
