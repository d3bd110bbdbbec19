import { TableUnavailable } from '../../../lambdas/domain/errors.ts';
import type { Table } from '../../../lambdas/store/table.ts';
import type { Sim } from '../sim.ts';
import type { Weather } from '../weather.ts';
import type { MemoryTable } from './memory-table.ts';

/** One run of a function. */
export interface Life {
  /** Nothing that it still waits for ever comes. */
  isDead: boolean;
  /** The request to the table at which it dies, counted from 1; 0: at none. */
  readonly dieAt: number;
}

/** @returns what nothing ever comes of. One for all would hold whoever waits for it, and each day of theirs. */
export const never = () => new Promise<never>(() => {});

/** The table as one run of a function meets it. */
export function faultyTable(table: MemoryTable, life: Life, sim: Sim, weather: () => Weather): Table {
  let requests = 0;
  const request = async <T>(run: () => Promise<T>, isSentAgain = false): Promise<T> => {
    const { tableSlow, tableFails, replyLost } = weather();
    requests += 1;
    await sim.sleep(sim.chance(tableSlow) ? sim.between(50, 3000) : sim.between(1, 6));
    if (life.isDead) return never();
    if (sim.chance(tableFails / 2)) throw new TableUnavailable('before');
    let answer = await run();
    if (isSentAgain && sim.chance(replyLost)) {
      await sim.sleep(sim.between(20, 200));
      answer = await run();
    }
    if (requests === life.dieAt) life.isDead = true;
    await sim.sleep(sim.between(1, 6));
    if (life.isDead) return never();
    if (sim.chance(tableFails / 2)) throw new TableUnavailable('after');
    return answer;
  };
  return {
    get: (pk) => request(() => table.get(pk)),
    getMany: (pks) => request(() => table.getMany(pks)),
    query: (input) => request(() => table.query(input)),
    count: (input, filter) => request(() => table.count(input, filter)),
    scan: (filter) => request(() => table.scan(filter)),
    write: (write) => request(() => table.write(write), true),
    updateEach: (updates) => request(() => table.updateEach(updates), true),
    transact: (writes) =>
      request(async () => {
        if (sim.chance(weather().conflict)) return { done: false, failures: writes.map(() => 'conflict') };
        // Sent again it has the same ClientRequestToken, and so is done once.
        return table.transact(writes);
      }),
    readable: (items, read) => table.readable(items, read),
  };
}
