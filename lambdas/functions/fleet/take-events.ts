import type { Fact } from '../../../contracts/facts.ts';
import type { EcsTask } from '../../domain/fleet/task.ts';
import type { Failed, Told } from '../../runtime/fact-batch.ts';
import { decideAndAct, type FleetReport } from './decide-and-act.ts';
import type { FleetDeps } from './deps.ts';
import { noteDemand } from './known-demand.ts';
import { takeRegistrations } from './take-registrations.ts';
import { takeTaskEvent } from './take-task-event.ts';

/** What the queue brings: facts, and tasks as ECS tells of them. */
export type FleetEvent = Fact | EcsTask;

const isTask = (event: FleetEvent): event is EcsTask => 'lastStatus' in event;

/**
 * Acts on all that a second has brought: what gateways and tasks have told is taken down, the pool looked at once, and
 * the calls counted last, so that what fails before is not counted again when it comes again.
 * @param failed told of the messages of tasks that shall come again
 * @throws TableUnavailable, TableContention, TaskNotStopped where all shall come again
 */
export async function takeEvents(
  told: readonly Told<FleetEvent>[],
  deps: FleetDeps,
  failed: Failed,
): Promise<FleetReport | undefined> {
  if (told.length === 0) return undefined;
  const facts = told.flatMap(({ event }) => (isTask(event) ? [] : event));
  for (const { messageId, event } of told) {
    if (!isTask(event)) continue;
    try {
      await takeTaskEvent(event, deps);
    } catch (error) {
      failed([messageId], error as Error, { taskId: event.taskId });
    }
  }
  await takeRegistrations(
    facts.filter((fact) => fact.type === 'gateway.registered'),
    deps,
  );
  const report = await decideAndAct({ name: nameOf(told), tick: false }, deps);
  await noteDemand(distinct(facts), deps);
  return report;
}

/** A fact that came twice in one batch is one. */
const distinct = (facts: readonly Fact[]) => [...new Map(facts.map((fact) => [fact.id, fact])).values()];

/** For the record of a decision: `call.offered, 3 gateway.registered`. */
function nameOf(told: readonly Told<FleetEvent>[]): string {
  const names = told.map(({ event }) => (isTask(event) ? `task ${event.lastStatus}` : event.type));
  return [...Map.groupBy(names, (name) => name)]
    .map(([name, { length }]) => (length === 1 ? name : `${length} ${name}`))
    .join(', ');
}
