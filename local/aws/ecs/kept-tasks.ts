import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { Unwritable } from '../unwritable.ts';
import type { Task } from './task.ts';

/*
 * The tasks that run, as far as the next run of this cloud must know them. Their processes end with this one, also
 * where it is killed: then nobody has told that they stopped, and the next run does.
 */

const keptSchema = z.array(
  z.object({
    id: z.string(),
    arn: z.string(),
    clusterName: z.string(),
    family: z.string(),
    version: z.number(),
    createdAt: z.number(),
    startedAt: z.number().optional(),
    group: z.string(),
    startedBy: z.string().optional(),
  }),
);
export type KeptTask = z.infer<typeof keptSchema>[number];

export function keepTasks(file: string, tasks: readonly Task[], onUnwritable: Unwritable): void {
  const open = tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  const kept = open.map(
    ({ definition, id, arn, clusterName, version, createdAt, startedAt, group, startedBy }) => {
      const { family } = definition;
      return { id, arn, clusterName, family, version, createdAt, startedAt, group, startedBy };
    },
  );
  try {
    writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    // The fleet finds what the next run is not told of.
    onUnwritable(file, error as NodeJS.ErrnoException);
  }
}

/** @returns the tasks that ran when the last run ended; none where it left no file that can be read */
export function readKeptTasks(file: string): KeptTask[] {
  if (!existsSync(file)) return [];
  try {
    return keptSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // A file cut short by a full disk. The fleet finds such tasks as well, some minutes later.
    return [];
  }
}
