import { AwsError } from '../http/errors.ts';
import { accessKeyOf } from '../iam/permissions.ts';
import type { Needed } from '../iam/policy.ts';
import { arn } from '../identity.ts';
import type { JsonObject } from '../template.ts';
import { taskArn } from './task.ts';

/* What ECS's agent does for a container in the name of its task: protection from a scale-in or a deployment. */

const path = /^\/api\/([^/]+)\/([^/]+)\/([^/]+)\/task-protection\/v1\/state$/;

/**
 * @param taskId of a task that this machine runs in its own way
 * @returns what a container is told as `ECS_AGENT_URI`
 */
export function agentUri(endpoint: string, taskRole: string, clusterName: string, taskId: string): string {
  return `${endpoint}/api/${accessKeyOf(taskRole)}/${clusterName}/${taskId}`;
}

/**
 * A PUT of the agent's endpoint ("Amazon ECS task scale-in protection endpoint").
 * @param authorize throws where the task's role may not
 * @returns the answer, also to what is refused, or undefined where the path is none of the agent's
 */
export function putProtection(
  url: string,
  request: JsonObject,
  authorize: (accessKeyId: string, needed: Needed) => void,
): JsonObject | undefined {
  const [, accessKeyId, clusterName, taskId] = path.exec(url) ?? [];
  if (accessKeyId === undefined || clusterName === undefined || taskId === undefined) return undefined;
  return protectionOf({ clusterName, taskId }, request, (needed) => authorize(accessKeyId, needed));
}

/** @returns the agent's answer to a request for the protection of a task, also to one that `authorize` refuses */
export function protectionOf(
  { clusterName, taskId }: { clusterName: string; taskId: string },
  request: JsonObject,
  authorize: (needed: Needed) => void,
): JsonObject {
  const resource = taskArn(clusterName, taskId);
  const context = { 'ecs:cluster': arn('ecs', `cluster/${clusterName}`) };
  try {
    authorize({ action: 'ecs:UpdateTaskProtection', resource, context });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { error: { Arn: resource, Code: error.code, Message: error.message } };
  }
  const minutes = Number(request.ExpiresInMinutes ?? 120);
  return {
    protection: {
      TaskArn: resource,
      ProtectionEnabled: request.ProtectionEnabled === true,
      ...(request.ProtectionEnabled === true && {
        ExpirationDate: new Date(Date.now() + minutes * 60_000).toISOString(),
      }),
    },
  };
}
