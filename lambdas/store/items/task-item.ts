import * as z from 'zod';
import type { Task, TaskState } from '../../domain/fleet/task.ts';
import { expiryAfter } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import {
  goneWatchKey,
  runningWatchKey,
  startingWatchKey,
  startsWatchKey,
  stoppingWatchKey,
  taskKey,
} from '../keys.ts';
import { itemReader, itemVersion } from './read-item.ts';

/* The record of a start: what the domain knows of it, its place in the `watch` index, and how long it is kept. */

const keptSec = 30 * 24 * 3600;

const text = z.string().exactOptional();
const time = z.number().exactOptional();

const taskSchema = z
  .object({
    startId: z.string(),
    version: z.number(),
    state: z.enum(['requested', 'starting', 'registered', 'stopping', 'stopped', 'failed']),
    why: z.string(),
    callId: text,
    requestedAt: z.number(),
    refusals: z.number(),
    tries: z.number(),
    retryAt: time,
    taskId: text,
    ecsVersion: z.number().exactOptional(),
    createdAt: time,
    pullStartedAt: time,
    pullStoppedAt: time,
    startedAt: time,
    stoppedAt: time,
    registeredAt: time,
    stoppingAt: time,
    stopCode: text,
    stopReason: text,
    exitCode: z.number().exactOptional(),
    lapsedAt: time,
    watchKey: z.string().optional(),
  })
  .transform(
    ({ watchKey, ...task }): Task =>
      watchKey === startsWatchKey(task.requestedAt) ? { ...task, counted: true } : task,
  );

/** @throws UnreadableItem */
export const taskFrom: (item: Item) => Task = itemReader(taskSchema);

/** The same, of an item that may not be there. */
export function taskOf(item: Item | undefined): Task | undefined {
  return item && taskFrom(item);
}

const watchKeys: Record<TaskState, string> = {
  requested: startingWatchKey,
  starting: startingWatchKey,
  registered: runningWatchKey,
  stopping: stoppingWatchKey,
  stopped: goneWatchKey,
  failed: goneWatchKey,
};

export function taskItem(task: Task): Item & { pk: string } {
  const { counted, ...rest } = task;
  return {
    pk: taskKey(task.startId),
    v: itemVersion,
    ...rest,
    watchKey: counted ? startsWatchKey(task.requestedAt) : watchKeys[task.state],
    watchAt: task.requestedAt,
    expiresAt: expiryAfter(task.requestedAt, keptSec),
  };
}
