import { TableContention } from '../domain/errors.ts';
import type { Task } from '../domain/fleet/task.ts';
import { equals, missing } from './conditions.ts';
import { taskItem, taskOf } from './items/task-item.ts';
import type { Table } from './table.ts';
import type { Write } from './transaction.ts';

/* The records of starts. */

export function newTask(task: Task) {
  return { put: taskItem(task), when: missing('pk') } satisfies Write;
}

/** Writes the whole record, if nobody else wrote it since it was read. */
export function putTask(task: Task, seen: Task) {
  return {
    put: taskItem({ ...task, version: seen.version + 1 }),
    when: equals('version', seen.version),
  } satisfies Write;
}

const maxTries = 6;

/**
 * Changes a record until nobody else did in between.
 * @param change gives the same object where there is nothing to change
 * @returns the record as it is now; none where there is none
 * @throws TableUnavailable, TableContention
 */
export async function changeTask(
  table: Table,
  seen: Task,
  change: (task: Task) => Task,
): Promise<Task | undefined> {
  let task: Task | undefined = seen;
  for (let tries = 0; task !== undefined; tries += 1) {
    const changed = change(task);
    if (changed === task) return task;
    if (tries === maxTries) throw new TableContention(`start ${task.startId} keeps changing`);
    const written = await table.write(putTask(changed, task));
    if (written.done) return { ...changed, version: task.version + 1 };
    task = taskOf(written.seen);
  }
  return undefined;
}
