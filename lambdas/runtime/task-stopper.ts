import { type ECSClient, InvalidParameterException, StopTaskCommand } from '@aws-sdk/client-ecs';
import { TaskNotStopped } from '../domain/errors.ts';
import type { StopTask } from '../domain/ports.ts';

/** Longest reason that ECS keeps (StopTask, parameter `reason`). */
const maxReasonLength = 255;

/**
 * @param cluster name or ARN of the gateways' cluster
 * @returns a function that stops a task; one that is gone already is fine
 * @throws (the function) TaskNotStopped
 */
export function taskStopper(client: ECSClient, cluster: string): StopTask {
  return async (taskId, reason) => {
    try {
      await client.send(
        new StopTaskCommand({ cluster, task: taskId, reason: reason.slice(0, maxReasonLength) }),
      );
    } catch (error) {
      if (isGone(error)) return;
      throw new TaskNotStopped(`task ${taskId}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  };
}

/** ECS forgets a task an hour after it stopped, and then has this to say (API reference, StopTask). */
function isGone(error: unknown): boolean {
  return error instanceof InvalidParameterException && /task was not found/i.test(error.message);
}
